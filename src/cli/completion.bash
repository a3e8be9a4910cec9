# Completion of the command aioli for bash.
_aioli() {
    local word=${COMP_WORDS[COMP_CWORD]} at=1 words= ending
    COMPREPLY=()
    while [ $at -lt "$COMP_CWORD" ] && [[ ${COMP_WORDS[at]} =~ ^(--virtual-time|--shuffle(=[0-9]+)?|--minimize|--trace|--timeline|-[iqu]+|-[iqu]*[WX].+)$ ]]; do at=$((at + 1)); done
    if [ $at -eq "$COMP_CWORD" ]; then
        # The first word that is no option: a command, or the program.
        words="--virtual-time --shuffle --minimize --trace --timeline -i -q -u -Xdev -Werror -Wignore -Walways -c -m - check dis test ps pstree"
        [ $at -eq 1 ] && words="$words --version --help"
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    else
        case ${COMP_WORDS[at]} in
        -c | -m) return ;;
        check | dis) ;;
        ps | pstree)
            mapfile -t COMPREPLY < <(compgen -W "$(pgrep -x aioli 2>/dev/null)" -- "$word")
            return
            ;;
        test)
            case ${COMP_WORDS[COMP_CWORD - 1]} in
            -k | --durations | --seeds | --seed) return ;;
            esac
            [[ $word == -* ]] && mapfile -t COMPREPLY < <(compgen -W "-k -x -v --seeds --seed --durations --real-time --help" -- "$word")
            ;;
        *) # An argument of the program may be any file.
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            compopt -o filenames 2>/dev/null
            return
            ;;
        esac
    fi
    for ending in aio py; do
        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -X "!*.$ending" -- "$word")
    done
    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "$word")
    compopt -o filenames 2>/dev/null
}
complete -F _aioli aioli
