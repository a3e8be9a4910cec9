#compdef aioli
# Completion of the command aioli for zsh.
_aioli() {
    _arguments -s -S \
        '--virtual-time[the clock jumps to the next deadline when every task waits]' \
        '--shuffle=-[tasks that could run at once run in another order]::number' \
        '--trace[a file that Perfetto shows]:file:_files' \
        '--timeline[a page of HTML that shows what tasks do]:file:_files' \
        '--minimize[which task must run before which for the program to fail]' \
        '-i[the prompt afterwards, with what the program has left]' \
        '-q[the prompt without its first line]' \
        '-u[what is printed is written at once]' \
        '*-W+[what becomes of warnings]:filter:(default always ignore module once error)' \
        '*-X+[a setting]:setting:((dev\:"warnings that only programmers want to see as well"))' \
        '(- *)'{-V,--version}'[the version]' \
        '(- *)'{-h,--help}'[a summary]' \
        '(1 -m)-c[run code given as text]:code: :*:argument:_files' \
        '(1 -c)-m[run a module that imports find]:module: :*:argument:_files' \
        '1: :_aioli_first' \
        '*:: :_aioli_rest'
}
_aioli_first() {
    local -a commands=('check:check files without running them' 'dis:list the bytecode of a file' 'test:find tests and run them' 'ps:list what the tasks of a running program do' 'pstree:the same by who waits for whom' '-:run what the standard input says')
    _alternative 'commands:command:{_describe command commands}' 'programs:program:_files -g "*.(aio|py)(-.)"' 'folders:folder:_files -/'
}
_aioli_rest() {
    case $words[1] in
    test) _files -g '*.(aio|py)' -/ ;;
    ps | pstree) _pids ;;
    check | dis) _files -g '*.(aio|py)' ;;
    *) _files ;;
    esac
}
_aioli "$@"
