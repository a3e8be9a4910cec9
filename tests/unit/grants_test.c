// What scripts may reach and what is refused, that each program of an untrusted VM begins as if it were the first, and how hosts run,
// check and list files.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "restricted.h"

// ---- A folder for the tests
//
//   a/          file.txt, empty.aio, module.aio, …: mostly what is granted; the current folder
//   a/sub/      module of its own
//   ab/         what is not; its name begins with that of the other

static char root[] = "/tmp/aioli-grants-XXXXXX";

static const char *place(const char *name) {
    static char path[8][PATH_MAX];
    static int turn;
    char *result = path[turn++ % 8];
    snprintf(result, PATH_MAX, "%s/%s", root, name);
    return result;
}

static void put_bytes(const char *name, const char *bytes, size_t length) {
    FILE *file = fopen(place(name), "w");
    assert_non_null(file);
    fwrite(bytes, 1, length, file);
    fclose(file);
}
static void put(const char *name, const char *content) { put_bytes(name, content, strlen(content)); }

static const char *const links[][2] = {{"../ab/secret.txt", "a/out"},  {"../a/file.txt", "ab/in"},      {"../ab", "a/out_folder"},
                                       {"../ab/none", "a/dangling"},   {"../ab/hidden.aio", "a/linked.aio"}, {"loop", "a/loop"},
                                       {"sub", "a/inner"},             {"../a/main.aio", "ab/main.aio"}};

static int make_folder(void **state) {
    (void)state;
    if (!mkdtemp(root)) return -1;
    const char *const folders[] = {"a", "a/sub", "ab"};
    for (int i = 0; i < 3; i++)
        if (mkdir(place(folders[i]), 0700) != 0) return -1;
    put("a/file.txt", "text");
    put("a/empty.aio", "");
    put("a/module.aio", "x = 5\n");
    put("a/main.aio", "import sys\nfrom module import x\nprint(__name__, x, sys.argv, __file__ is not None, sys.path[0][-2:])\n");
    put("a/marked.aio", "\xEF\xBB\xBFprint('marked')\n");
    put("a/wrong.aio", "x = (1\n");
    put("a/latin.aio", "# caf\xE9\n");
    put("a/sub/__init__.aio", "y = 6\n");
    put("ab/secret.txt", "secret");
    put("ab/hidden.aio", "z = 7\n");
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (symlink(links[i][0], place(links[i][1])) != 0) return -1;
    return chdir(place("a"));
}

static int remove_folder(void **state) {
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -r '%s'", root);
    return chdir("/") != 0 || system(command) != 0;
}

// ---- What scripts try

// The str of what an expression gives, or of the exception that it raises, with its class.
static void expect_answer(aioli *vm, const char *expression, const char *wanted) {
    static const char source[] = "import sys\n"
                                 "def attempt(expression):\n"
                                 "    try: return str(eval(expression, {'root': root, 'sys': sys}))\n"
                                 "    except BaseException as e: return type(e).__name__ + ': ' + str(e).replace(root, 'ROOT')\n";
    size_t scope = aioli_open(vm);
    assert_int_equal(aioli_set_attribute(vm, aioli_import(vm, "builtins"), "root", text(vm, root)), 0);
    run(vm, source);
    aioli_value argument = text(vm, expression);
    const char *found = aioli_get_text(vm, aioli_call_method(vm, aioli_import(vm, "__main__"), "attempt", 1, &argument), NULL);
    assert_non_null(found);
    if (strcmp(found, wanted) != 0) fail_msg("%s gave %s, not %s", expression, found, wanted);
    aioli_close(vm, scope, NULL);
}

typedef struct {
    const char *expression, *answer;
} Case;

static void expect_answers(aioli_config config, const Case *cases, size_t count) {
    World world;
    aioli *vm = start(&world, config);
    assert_non_null(vm);
    for (size_t i = 0; i < count; i++) expect_answer(vm, cases[i].expression, cases[i].answer);
    end(&world, vm);
}
#define EXPECT_ANSWERS(config, cases) expect_answers(config, cases, sizeof cases / sizeof *cases)

#define NO_READING "PermissionError: reading files is not granted here"
#define NO_WRITING "PermissionError: writing files is not granted here"
#define NO_CLOCK "PermissionError: the clock is not granted here"
#define NO_INPUT "PermissionError: the standard input is not granted here"

static const Case no_clock[] = {
    {"__import__('time').time()", NO_CLOCK},          {"__import__('time').monotonic_ns()", NO_CLOCK},
    {"__import__('time').process_time()", NO_CLOCK},  {"__import__('time').sleep(0)", NO_CLOCK},
    {"__import__('time').localtime()", NO_CLOCK},     {"__import__('time').strftime('%Y')", NO_CLOCK},
    {"__import__('_testing').real_time()", NO_CLOCK},
    {"__import__('time').gmtime(0)[0]", "1970"},      {"__import__('time').thread_time()", NO_CLOCK},
    {"__import__('datetime').datetime.now()", NO_CLOCK},
    {"__import__('datetime').datetime.now(__import__('datetime').UTC)", NO_CLOCK},
    {"__import__('datetime').date.today()", NO_CLOCK}, {"__import__('datetime').date.fromtimestamp(-4e9).year", "1843"},
};
static const Case no_input[] = {{"input()", NO_INPUT}, {"sys.stdin.read()", NO_INPUT}, {"sys.stdin.readline()", NO_INPUT},
                                {"sys.stdin.buffer.read(1)", NO_INPUT}};
static const Case no_files[] = {
    {"open(root + '/a/file.txt')", NO_READING ": 'ROOT/a/file.txt'"},
    {"open('file.txt', 'rb')", NO_READING ": 'file.txt'"},
    {"open('none')", NO_READING ": 'none'"},
    {"open('')", NO_READING ": ''"},
    {"open('/')", NO_READING ": '/'"},
    {"open('file.txt', 'w')", NO_WRITING ": 'file.txt'"},
    {"open('file.txt', 'a')", NO_WRITING ": 'file.txt'"},
    {"open('new.txt', 'x')", NO_WRITING ": 'new.txt'"},
    {"open('file.txt', 'r+')", NO_READING ": 'file.txt'"},
    {"open(0)", NO_READING},
    {"open(1, 'w')", NO_WRITING},
    {"open(b'\\xff')", NO_READING},
    {"open('a\\0b')", "ValueError: embedded null byte"},
    {"__import__('_testing').list_folder('sub')", NO_READING ": 'sub'"},
    {"__import__('_testing').kind('none')", NO_READING ": 'none'"},
    {"__import__('module')", "ModuleNotFoundError: No module named 'module' (and this VM may not read files)"},
};

static void test_nothing_granted(void **state) {
    (void)state;
    for (int untrusted = 0; untrusted < 2; untrusted++) {
        aioli_config config = {.untrusted = untrusted};
        EXPECT_ANSWERS(config, no_files);
        EXPECT_ANSWERS(config, no_clock);
        EXPECT_ANSWERS(config, no_input);
    }
}

// Each bit opens what it says, and nothing else.
static void test_grants(void **state) {
    (void)state;
    static const Case files[] = {
        {"open('file.txt').read()", "text"},
        {"open(root + '/ab/secret.txt').read()", "secret"},
        {"(lambda f: (f.write('abc'), f.close()))(open('written', 'w'))[0]", "3"},
        {"open('written', 'r+').read()", "abc"},
        {"(sys.path.append(root + '/ab'), __import__('hidden').z)[1]", "7"},
        {"__import__('_testing').list_folder('none')", "FileNotFoundError: [Errno 2] No such file or directory: 'none'"},
        {"[__import__('_testing').kind(name) for name in ('sub', 'file.txt', 'none')]", "['folder', 'file', None]"},
        {"open('none')", "FileNotFoundError: [Errno 2] No such file or directory: 'none'"},
        {"open(999999)", "OSError: [Errno 9] Bad file descriptor"},
        {"__import__('nothing')", "ModuleNotFoundError: No module named 'nothing'"},
    };
    aioli_config config = {.grants = AIOLI_GRANT_FILES};
    EXPECT_ANSWERS(config, files);
    EXPECT_ANSWERS(config, no_clock);
    EXPECT_ANSWERS(config, no_input);
    unlink("written");
    static const Case clock[] = {
        {"__import__('time').time() > 1e9", "True"},      {"__import__('time').sleep(0)", "None"},
        {"__import__('time').process_time() >= 0", "True"}, {"__import__('time').localtime()[0] > 2000", "True"},
    };
    config.grants = AIOLI_GRANT_CLOCK;
    EXPECT_ANSWERS(config, clock);
    EXPECT_ANSWERS(config, no_files);
    EXPECT_ANSWERS(config, no_input);
    // The virtual clock is nobody's secret; the process's own time is.
    static const Case virtual_clock[] = {{"__import__('time').monotonic()", "0.0"}, {"__import__('time').sleep(3)", "None"},
                                         {"__import__('time').monotonic()", "3.0"}, {"__import__('time').process_time()", NO_CLOCK}};
    if (!is_stressed) EXPECT_ANSWERS(((aioli_config){.virtual_time = 1, .untrusted = 0}), virtual_clock);
}

static long read_input(void *user, int stream, char *bytes, size_t size) {
    World *world = user;
    assert_int_equal(stream, 0);
    if (!world->input) return -EIO;
    size_t length = strlen(world->input);
    if (length > size) length = size;
    memcpy(bytes, world->input, length);
    world->input += length;
    return (long)length;
}

static void *interrupt_soon(void *vm) {
    nanosleep(&(struct timespec){.tv_nsec = is_stressed ? 900000000 : 100000000}, NULL);
    aioli_interrupt(vm);
    return NULL;
}

static void test_input(void **state) {
    (void)state;
    World world;
    // What the host gives itself.
    aioli *vm = start(&world, (aioli_config){.read = read_input});
    world.input = "first\nsecond\n";
    run(vm, "import sys\nprint(input(), sys.stdin.read().split())\n"
            "try: input()\nexcept EOFError: print('end')\n");
    expect_output(&world, "first ['second']\nend\n");
    end(&world, vm);
    vm = start(&world, (aioli_config){.read = read_input});
    expect_end(vm, "input()\n", AIOLI_ERROR, "OSError: [Errno 5]");
    for (size_t i = 0; i < sizeof no_clock / sizeof *no_clock; i++) expect_answer(vm, no_clock[i].expression, no_clock[i].answer);
    end(&world, vm);
    // The descriptor.
    int ends[2], old = dup(0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "piped\n", 6), 6);
    close(ends[1]);
    dup2(ends[0], 0);
    vm = start(&world, (aioli_config){.grants = AIOLI_GRANT_INPUT});
    expect_answer(vm, "input()", "piped");
    expect_answer(vm, "input()", "EOFError: EOF when reading a line");
    for (size_t i = 0; i < sizeof no_files / sizeof *no_files; i++) expect_answer(vm, no_files[i].expression, no_files[i].answer);
    end(&world, vm);
    close(0);
    vm = start(&world, (aioli_config){.grants = AIOLI_GRANT_INPUT});
    expect_answer(vm, "input()", "OSError: [Errno 9] Bad file descriptor: '<stdin>'");
    end(&world, vm);
    // An interrupt ends the wait for what does not come.
    close(ends[0]);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], 0), 0);
    vm = start(&world, (aioli_config){.grants = AIOLI_GRANT_INPUT});
    pthread_t thread;
    pthread_create(&thread, NULL, interrupt_soon, vm);
    assert_int_equal(status_of(vm, "input()\n"), AIOLI_INTERRUPTED);
    pthread_join(thread, NULL);
    end(&world, vm);
    if (old >= 0) dup2(old, 0);
    close(old);
    close(ends[1]);
    if (ends[0]) close(ends[0]);
}

// ---- Folders

static void test_readable(void **state) {
    (void)state;
    static const Case cases[] = {
        {"open(root + '/a/file.txt').read()", "text"},
        {"open('file.txt').read()", "text"},
        {"open(b'file.txt').read()", "text"},
        {"open('./sub/.././/file.txt').read()", "text"},
        {"open('inner/../file.txt').read()", "text"},
        {"open('inner/__init__.aio').read()", "y = 6\n"},
        {"open('../ab/in').read()", "text"}, // what counts is where it leads
        {"open('out')", NO_READING ": 'out'"},
        {"open('out_folder/secret.txt')", NO_READING ": 'out_folder/secret.txt'"},
        {"open('sub/../../ab/secret.txt')", NO_READING ": 'sub/../../ab/secret.txt'"},
        {"open(root + '/ab/secret.txt')", NO_READING ": 'ROOT/ab/secret.txt'"},
        {"open(root + '/ab/none')", NO_READING ": 'ROOT/ab/none'"},
        {"open(root)", NO_READING ": 'ROOT'"},
        {"open('/')", NO_READING ": '/'"},
        {"open('/none')", NO_READING ": '/none'"},
        {"open('dangling')", NO_READING ": 'dangling'"},
        {"open('loop')", NO_READING ": 'loop'"},
        {"open('none/none')", NO_READING ": 'none/none'"},
        {"open('file.txt/none')", NO_READING ": 'file.txt/none'"},
        {"open('none/..')", NO_READING ": 'none/..'"},
        {"open('x' * 5000) if 0 else len('x' * 5000)", "5000"},
        {"open('none')", "FileNotFoundError: [Errno 2] No such file or directory: 'none'"},
        {"open('')", "FileNotFoundError: [Errno 2] No such file or directory: ''"},
        {"open('sub')", "IsADirectoryError: [Errno 21] Is a directory: 'sub'"},
        {"open('.')", "IsADirectoryError: [Errno 21] Is a directory: '.'"},
        {"open(b'\\xff')", "FileNotFoundError: [Errno 2] No such file or directory: b'\\xff'"},
        {"open(b'../\\xff')", NO_READING},
        {"open(0)", NO_READING},
        {"open('file.txt', 'w')", NO_WRITING ": 'file.txt'"},
        {"open('file.txt', 'r+')", NO_WRITING ": 'file.txt'"},
        {"open('new.txt', 'x')", NO_WRITING ": 'new.txt'"},
        {"__import__('module').x", "5"},
        {"__import__('sub').y", "6"},
        {"__import__('nothing')", "ModuleNotFoundError: No module named 'nothing'"},
        {"__import__('linked')", "ModuleNotFoundError: No module named 'linked'"},
        {"(sys.path.append(root + '/ab'), __import__('hidden'))", "ModuleNotFoundError: No module named 'hidden'"},
        // Loaders and finders in the language reach no farther.
        {"__import__('importlib.util').util.find_spec('module').loader.get_source('module')", "x = 5\n"},
        {"__import__('importlib.util').util.find_spec('hidden')", "None"},
        {"__import__('importlib.machinery').machinery.SourceFileLoader('h', root + '/ab/hidden.aio').get_code('h')", NO_READING ": 'ROOT/ab/hidden.aio'"},
        {"sys.path_hooks[0](root + '/ab')", "ImportError: only directories are supported"},
        {"__import__('importlib.machinery').machinery.FileFinder(root + '/ab', *[(print, ['.aio'])]).find_spec('hidden')", "None"},
        {"list(__import__('pkgutil').iter_modules([root + '/ab']))", "[]"},
        {"__import__('importlib.machinery').machinery.PathFinder.find_spec('ab', [root])", "None"},
        {"__import__('importlib.machinery').machinery.PathFinder.find_spec('out_folder', [root + '/a'])", "None"},
        {"__import__('runpy').run_path(root + '/ab/hidden.aio')", NO_READING ": 'ROOT/ab/hidden.aio'"},
        {"__import__('importlib.metadata').metadata.version('x')", "PackageNotFoundError: No package metadata was found for x"},
    };
    const char *folders[] = {place("none"), "../a", NULL};
    EXPECT_ANSWERS(((aioli_config){.readable = folders}), cases);
    EXPECT_ANSWERS(((aioli_config){.readable = folders}), no_clock);
    // The longest names lead nowhere.
    World world;
    aioli *vm = start(&world, (aioli_config){.readable = folders});
    expect_answer(vm, "1", "1"); // sets root
    run(vm, "for name in ('x' * 5000, '/' * 5000 + 'x', '/' * 4094 + 'x', 'x/' * 3000, 'x' * 300, 'sub/../' * 700 + 'x',\n"
            "             root + '/a/' + '/' * (4096 - len(root) - 7) + 'xyz'):\n"
            "    try: open(name)\n"
            "    except OSError as e: assert type(e).__name__ in ('PermissionError', 'FileNotFoundError'), e\n"
            "    else: assert False\n");
    end(&world, vm);
}

static void test_root(void **state) {
    (void)state;
    static const Case cases[] = {
        {"open('out').read()", "secret"},
        {"open(root + '/ab/secret.txt').read()", "secret"},
        {"open('/aioli-none')", "FileNotFoundError: [Errno 2] No such file or directory: '/aioli-none'"},
        {"open('/')", "IsADirectoryError: [Errno 21] Is a directory: '/'"},
        {"open(0)", NO_READING},
        {"open('new.txt', 'w')", NO_WRITING ": 'new.txt'"},
    };
    const char *const folders[] = {"/", NULL};
    EXPECT_ANSWERS(((aioli_config){.readable = folders}), cases);
}

static void test_writable(void **state) {
    (void)state;
    static const Case cases[] = {
        {"open('sub/new', 'w').write('x')", "1"},
        {"open('sub/new', 'a').write('y')", "1"},
        {"open('sub/new', 'x')", "FileExistsError: [Errno 17] File exists: 'sub/new'"},
        {"open('inner/more', 'x').write('z')", "1"},
        {"open('sub/new')", NO_READING ": 'sub/new'"},
        {"open('sub/new', 'r+')", NO_READING ": 'sub/new'"},
        {"open('sub/new', 'w+')", NO_READING ": 'sub/new'"},
        {"open('sub', 'w')", "IsADirectoryError: [Errno 21] Is a directory: 'sub'"},
        {"open('sub/..', 'w')", NO_WRITING ": 'sub/..'"},
        {"open('sub/none/..', 'w')", NO_WRITING ": 'sub/none/..'"},
        {"open('sub/none/.', 'w')", NO_WRITING ": 'sub/none/.'"},
        {"open('sub/none/', 'w')", NO_WRITING ": 'sub/none/'"},
        {"open('file.txt', 'w')", NO_WRITING ": 'file.txt'"},
        {"open('out', 'w')", NO_WRITING ": 'out'"},
        {"open('dangling', 'w')", NO_WRITING ": 'dangling'"},
        {"open('sub/dangling', 'w')", NO_WRITING ": 'sub/dangling'"},
        {"open('subway', 'w')", NO_WRITING ": 'subway'"},
        {"open('/aioli-none', 'w')", NO_WRITING ": '/aioli-none'"},
        {"open(1, 'w')", NO_WRITING},
    };
    assert_int_equal(symlink("../../ab/none", place("a/sub/dangling")), 0);
    const char *const folders[] = {"sub", NULL};
    EXPECT_ANSWERS(((aioli_config){.writable = folders}), cases);
    char found[10] = {0};
    FILE *file = fopen("sub/new", "r");
    assert_non_null(file);
    assert_int_equal(fread(found, 1, sizeof found, file), 2);
    fclose(file);
    assert_string_equal(found, "xy");
    assert_int_equal(access(place("ab/none"), F_OK), -1);
    static const Case both[] = {{"open('sub/new', 'r+').read()", "xy"}, {"open('sub/new', 'w+').read()", ""}};
    EXPECT_ANSWERS(((aioli_config){.writable = folders, .readable = folders}), both);
    assert_int_equal(unlink("sub/new") | unlink("sub/more") | unlink("sub/dangling"), 0);
    // The copies of the config are the VM's own; a folder that is made later was none.
    char name[20] = "later";
    const char *own[] = {name, NULL};
    World world;
    aioli *vm = start(&world, (aioli_config){.readable = own, .writable = own});
    strcpy(name, "sub");
    mkdir("later", 0700);
    expect_answer(vm, "open('later/x', 'w')", NO_WRITING ": 'later/x'");
    expect_answer(vm, "open('sub/__init__.aio')", NO_READING ": 'sub/__init__.aio'");
    rmdir("later");
    end(&world, vm);
}

// The module os asks for the same grants. To a link itself its folder's grant matters, to what it leads to where that lies.
static void test_os(void **state) {
    (void)state;
#define OS "__import__('os')."
#define NO_ENVIRONMENT "PermissionError: the process's environment is not granted here"
    static const Case nothing[] = {
        {OS "listdir()", NO_READING ": '.'"},
        {OS "stat('file.txt')", NO_READING ": 'file.txt'"},
        {OS "lstat('file.txt')", NO_READING ": '.'"},
        {OS "access('file.txt', 0)", NO_READING ": 'file.txt'"},
        {OS "path.exists('file.txt')", "False"},
        {OS "scandir('sub')", NO_READING ": 'sub'"},
        {OS "mkdir('made')", NO_WRITING ": 'made'"},
        {OS "remove('file.txt')", NO_WRITING ": '.'"},
        {OS "rename('file.txt', 'other')", NO_WRITING ": '.'"},
        {OS "symlink('x', 'sub/y')", NO_WRITING ": 'sub'"},
        {OS "chmod('file.txt', 0)", NO_WRITING ": 'file.txt'"},
        {OS "utime('file.txt')", NO_WRITING ": 'file.txt'"},
        {OS "truncate('file.txt', 0)", NO_WRITING ": 'file.txt'"},
        {OS "open('file.txt', 0)", NO_READING ": 'file.txt'"},
        {OS "open('file.txt', 1)", NO_WRITING ": 'file.txt'"},
        {OS "open('new', " OS "O_CREAT)", NO_READING ": 'new'"},
        {OS "close(0)", NO_WRITING},
        {OS "read(0, 1)", NO_READING},
        {OS "fstat(0)", NO_READING},
        {OS "pipe()", NO_WRITING},
        {OS "getcwd()", NO_READING},
        {OS "chdir('/')", NO_WRITING},
        {OS "umask(0)", NO_WRITING},
        {OS "environ['HOME']", NO_ENVIRONMENT},
        {OS "environ.__setitem__('HOME', 'x')", NO_ENVIRONMENT},
        {OS "getenv('HOME')", NO_ENVIRONMENT},
        {OS "putenv('HOME', 'x')", NO_ENVIRONMENT},
        {OS "uname()", NO_ENVIRONMENT},
        {OS "getpid()", NO_ENVIRONMENT},
        {OS "getlogin()", NO_ENVIRONMENT},
        {OS "times()", "PermissionError: the clock is not granted here"},
        {OS "path.join('a', 'b')", "a/b"},
        {OS "strerror(2)", "No such file or directory"},
        {"len(" OS "urandom(3))", "3"},
    };
    EXPECT_ANSWERS(((aioli_config){0}), nothing);
    assert_int_equal(symlink("../file.txt", "sub/out_of_here"), 0);
    static const Case below[] = {
        {OS "mkdir('sub/made')", "None"},
        {OS "open('sub/made/x', " OS "O_CREAT | " OS "O_WRONLY) > 0", "True"},
        {OS "listdir('sub/made')", "['x']"},
        {"[entry.stat().st_size for entry in " OS "scandir('sub/made')]", "[0]"},
        {OS "listdir('sub/..')", NO_READING ": 'sub/..'"},
        {OS "stat('sub/out_of_here')", NO_READING ": 'sub/out_of_here'"},
        {OS "readlink('sub/out_of_here')", "../file.txt"},
        {"[entry.is_file(follow_symlinks=False) for entry in " OS "scandir('sub') if entry.name == 'out_of_here']", "[False]"},
        {"[entry.stat() for entry in " OS "scandir('sub') if entry.name == 'out_of_here']", NO_READING ": 'sub/out_of_here'"},
        {OS "chmod('sub/out_of_here', 0)", NO_WRITING ": 'sub/out_of_here'"},
        {OS "link('file.txt', 'sub/hard')", NO_READING ": 'file.txt'"},
        {OS "link('sub/out_of_here', 'sub/hard')", NO_READING ": 'sub/out_of_here'"},
        {OS "rename('file.txt', 'sub/file')", NO_WRITING ": '.'"},
        {OS "rename('sub/made/x', 'x')", NO_WRITING ": '.'"},
        {OS "rename('sub/made/x', 'sub/x')", "None"},
        {OS "rmdir('sub')", NO_WRITING ": '.'"},
        {OS "stat('x', dir_fd=3)", NO_READING},
        {OS "remove('sub/out_of_here')", "None"},
        {OS "remove('sub/x')", "None"},
        {OS "rmdir('sub/made')", "None"},
    };
    const char *const folders[] = {"sub", NULL};
    EXPECT_ANSWERS(((aioli_config){.readable = folders, .writable = folders}), below);
    static const Case environment[] = {
        {OS "environ.__setitem__('AIOLI_GRANTS_TEST', 'x')", "None"},
        {OS "environ['AIOLI_GRANTS_TEST']", "x"},
        {OS "environ.__delitem__('AIOLI_GRANTS_TEST')", "None"},
        {OS "getenv('AIOLI_GRANTS_TEST')", "None"},
        {OS "getpid() > 0", "True"},
        {OS "listdir()", NO_READING ": '.'"},
    };
    EXPECT_ANSWERS(((aioli_config){.grants = AIOLI_GRANT_ENVIRONMENT}), environment);
}

#ifdef AIOLI_IO
#define SOCKET "__import__('_socket')."
#define STREAMS "__import__('_asyncio_streams')."
#define NO_NETWORK "PermissionError: the network is not granted here"
#define NO_PROGRAMS "PermissionError: running programs is not granted here"
#define FILE_0 "type('F', (), {'fileno': lambda self: 0})()"

static void test_network(void **state) {
    (void)state;
    static const Case nothing[] = {
        {SOCKET "socket()", NO_NETWORK},
        {SOCKET "socket(fileno=0)", NO_NETWORK},
        {SOCKET "socketpair()", NO_NETWORK},
        {SOCKET "getaddrinfo('localhost', 1)", NO_NETWORK},
        {SOCKET "gethostname()", NO_NETWORK},
        {SOCKET "close(0)", NO_NETWORK},
        {SOCKET "_Lookup('localhost', None, 0, 0, 0, 0)", NO_NETWORK},
        {STREAMS "Watcher(0, False, print, ())", NO_NETWORK},
        {STREAMS "readable(0)", NO_NETWORK},
        {STREAMS "_NativeTransport(" FILE_0 ", None, {}, None, 0)", NO_NETWORK},
        {STREAMS "_NativeTransport(" FILE_0 ", None, {}, None, 1)", NO_READING},
        {"__import__('select').select([0], [], [], 0)", NO_READING},
        {"__import__('_signal').signal(2, print)", NO_PROGRAMS},
        {"__import__('_signal').alarm(1)", NO_PROGRAMS},
        {OS "kill(1, 0)", NO_PROGRAMS},
        {OS "waitpid(-1, 1)", NO_PROGRAMS},
        {"__import__('posix')._spawn((b'true\\0',), (), (b'/bin/true\\0',), None, (-1, -1, -1), (), True, False, True, -1, -1, -1, -1, None)",
         "PermissionError: running programs is not granted here: 'true'"},
    };
    EXPECT_ANSWERS(((aioli_config){0}), nothing);
    static const Case network[] = {
        {SOCKET "socket().close()", "None"},
        {"[end.close() for end in " SOCKET "socketpair()]", "[None, None]"},
        {SOCKET "socket(1).bind('/tmp/socket')", NO_WRITING},
        {STREAMS "_NativeTransport(" FILE_0 ", None, {}, None, 1)", NO_READING},
        {OS "kill(1, 0)", NO_PROGRAMS},
    };
    EXPECT_ANSWERS(((aioli_config){.grants = AIOLI_GRANT_NETWORK}), network);
}
#endif

// ---- Programs begin as new

static aioli_value seven(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)arguments, (void)count, (void)data;
    return aioli_int(vm, 7);
}
static const aioli_function functions[] = {{"seven", seven, NULL, "Gives 7."}, {0}};

static const char spoil[] = "import asyncio, builtins, gc, math, sys, host\n"
                            "math.sin = builtins.len = 1\n"
                            "builtins.added = host_value\n"
                            "del builtins.repr\n"
                            "builtins.host_value = 0\n"
                            "sys.modules['host'] = None\n"
                            "sys.modules['strange'] = math\n"
                            "sys.path[:] = ['strange']\n"
                            "sys.strange = 1\n"
                            "sys.excepthook = lambda *args: print('hook')\n"
                            "sys.setrecursionlimit(70)\n"
                            "sys.set_int_max_str_digits(0)\n"
                            "gc.disable()\n"
                            "async def wait():\n"
                            "    try: await asyncio.sleep(1)\n"
                            "    finally: print('never')\n"
                            "loop = asyncio.new_event_loop()\n"
                            "task = loop.create_task(wait())\n"
                            "loop.call_soon(print, 'never')\n"
                            "loop.call_later(0, print, 'never')\n"
                            "print('spoilt')\n"
                            "sys.stdout.close()\n"
                            "sys.stdout = sys.stderr = sys.stdin = sys.__stdout__ = None\n"
                            "raise ValueError\n";
static const char look[] = "import asyncio, gc, math, sys, host\n"
                           "def tell(*args): sys.stdout.write(' '.join([str(a) for a in args]) + '\\n')\n"
                           "tell(math.sin(0), len('abc'), repr(''), host_value, host.seven())\n"
                           "tell(hasattr(sys, 'strange'), 'strange' in sys.modules)\n"
                           "try: added\n"
                           "except NameError: tell('not added')\n"
                           "tell('strange' in sys.path, sys.getrecursionlimit(), sys.get_int_max_str_digits(), gc.isenabled())\n"
                           "async def main(): await asyncio.sleep(2)\n"
                           "asyncio.run(main())\n"
                           "1 / 0\n";

static aioli *start_with_host(World *world, aioli_config config) {
    aioli *vm = start(world, config);
    if (!vm) return NULL;
    aioli_value module = aioli_module(vm, "host", "The host's.", functions, NULL);
    if (module) aioli_set_attribute(vm, aioli_import(vm, "builtins"), "host_value", text(vm, "of the host"));
    aioli_take_error(vm);
    return vm;
}

static void test_programs_begin_as_new(void **state) {
    (void)state;
    World world;
    aioli *vm = start_with_host(&world, (aioli_config){.untrusted = 1, .virtual_time = 1, .recursion_limit = 200, .time_limit = 60000000});
    for (int turn = 0; turn < 2; turn++) {
        expect_end(vm, spoil, AIOLI_ERROR, "");
        run(vm, ""); // what the program has lost is told of by now
        world.memory.output_length = 0;
        expect_end(vm, look, AIOLI_ERROR, "ZeroDivisionError");
        const char *found = strstr(world.memory.output, "0.0"); // after what is told of the last program's tasks
        assert_non_null(found);
        assert_string_equal(found, "0.0 3 '' of the host 7\nFalse False\nnot added\nFalse 200 4300 True\n");
        assert_null(strstr(world.memory.output, "never\n"));
    }
    // What the host adds later stays as well.
    assert_int_equal(aioli_set_attribute(vm, aioli_import(vm, "builtins"), "later", AIOLI_TRUE), 0);
    assert_non_null(aioli_module(vm, "host.late", NULL, functions, NULL));
    for (int turn = 0; turn < 2; turn++)
        run(vm, "from host.late import seven\nassert later and seven() == 7\nimport sys\ndel sys.modules['host.late']\n");
    end(&world, vm);
}

// A program that has asked to be told of what is lost keeps the next one's losses from nobody.
static void test_losses_are_told(void **state) {
    (void)state;
    static const char loses[] = "import asyncio\n"
                                "async def lost(): pass\n"
                                "async def main(): lost()\n"
                                "asyncio.run(main())\n";
    World world;
    aioli *vm = start_with_host(&world, (aioli_config){.virtual_time = 1});
    run(vm, "import asyncio, _asyncio\n"
            "told = []\n"
            "_asyncio.tell_lost(told)\n"
            "async def lost(): pass\n"
            "async def main(): lost()\n"
            "asyncio.run(main())\n"
            "_asyncio.take_lost()\n"
            "print([(kind, name) for kind, name, error, place in told])\n");
    expect_output(&world, "[('coroutine', 'lost')]\n");
    run(vm, loses);
    assert_non_null(strstr(world.memory.output, "RuntimeWarning: coroutine 'lost' was never awaited"));
    end(&world, vm);
}

static void test_modules_stay(void **state) {
    (void)state;
    World world;
    aioli *vm = start_with_host(&world, (aioli_config){.virtual_time = 1});
    run(vm, "import math, sys, builtins\nmath.strange = sys.strange = builtins.strange = 5\nsys.path.append('strange')\nx = 1\n");
    run(vm, "import math, sys\nprint(math.strange, sys.strange, strange, sys.path[-1], 'x' in globals())\n");
    expect_output(&world, "5 5 5 strange False\n");
    end(&world, vm);
}

// The host's tasks go on, whatever programs run in between.
static void test_host_tasks_stay(void **state) {
    (void)state;
    for (int untrusted = 0; untrusted < 2; untrusted++) {
        World world;
        aioli *vm = start_with_host(&world, (aioli_config){.untrusted = untrusted, .time_limit = 60000000});
        run(vm, "import asyncio\n"
                "async def job():\n"
                "    for i in range(3):\n"
                "        print('job', i)\n"
                "        await asyncio.sleep(0)\n"
                "    return 'done'\n");
        aioli_value task = aioli_start(vm, call(vm, "job"));
        assert_non_null(task);
        for (int i = 0; i < 3; i++) {
            aioli_turn(vm, 0, 1, NULL);
            run(vm, "print('between')\n");
        }
        const char *result = aioli_get_text(vm, aioli_run_until(vm, task), NULL);
        assert_non_null(result);
        assert_string_equal(result, "done");
        assert_non_null(strstr(world.memory.output, "job 0\n"));
        assert_non_null(strstr(world.memory.output, "job 2\n"));
        // asyncio.run is free again.
        expect_end(vm, "import asyncio\nasync def main(): pass\nasyncio.run(main())\n", AIOLI_OK, "");
        end(&world, vm);
    }
}

// ---- Files that are run, checked and listed

static aioli_status check(aioli *vm, const char *path) { return aioli_check(vm, path, 0); }
static aioli_status list(aioli *vm, const char *path) { return aioli_check(vm, path, 1); }

static void expect_no_file(aioli *vm, aioli_status status, const char *words) {
    assert_int_equal(status, AIOLI_NO_FILE);
    assert_int_equal(aioli_exit_status(vm), 2);
    if (!strstr(aioli_error_text(vm, NULL), words)) fail_msg("%s", aioli_error_text(vm, NULL));
}

static void test_files(void **state) {
    (void)state;
    typedef aioli_status Function(aioli *vm, const char *path);
    static Function *const functions_of_files[] = {aioli_run_file, check, list};
    World world;
    aioli *vm = start(&world, (aioli_config){.grants = AIOLI_GRANT_FILES});
    const char *const arguments[] = {"main.aio", "-x"};
    assert_int_equal(aioli_set_arguments(vm, "/bin/aioli", 2, arguments), 0);
    assert_int_equal(aioli_run_file(vm, "main.aio"), AIOLI_OK);
    expect_output(&world, "__main__ 5 ['main.aio', '-x'] True /a\n");
    assert_int_equal(aioli_run_file(vm, "./main.aio"), AIOLI_OK);
    assert_int_equal(aioli_run_file(vm, place("a/main.aio")), AIOLI_OK);
    assert_int_equal(aioli_run_file(vm, place("ab/main.aio")), AIOLI_OK); // the folder of what the link leads to
    world.memory.output[world.memory.output_length = 0] = 0;
    assert_int_equal(aioli_run_file(vm, "marked.aio"), AIOLI_OK);
    expect_output(&world, "marked\n");
    assert_int_equal(aioli_set_arguments(vm, "x", -1, NULL), 0);
    run(vm, "import sys\nprint(sys.argv)\n");
    expect_output(&world, "[]\n");
    assert_string_equal(aioli_version(), "0.1.0");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(functions_of_files[i](vm, "empty.aio"), AIOLI_OK);
        assert_int_equal(functions_of_files[i](vm, "/dev/null"), AIOLI_OK);
        size_t length = 99;
        assert_string_equal(aioli_error_text(vm, &length), "");
        assert_int_equal(length, 0);
        world.memory.output[world.memory.output_length = 0] = 0;
        assert_int_equal(functions_of_files[i](vm, "wrong.aio"), AIOLI_ERROR);
        assert_non_null(strstr(aioli_error_text(vm, &length), "SyntaxError: '(' was never closed"));
        assert_int_equal(length, strlen(aioli_error_text(vm, NULL)));
        assert_int_equal(aioli_exit_status(vm), 1);
        assert_int_equal(functions_of_files[i](vm, "latin.aio"), AIOLI_ERROR);
        assert_non_null(strstr(aioli_error_text(vm, NULL), "SyntaxError"));
        expect_no_file(vm, functions_of_files[i](vm, "none.aio"), "[Errno 2] No such file or directory\n");
        expect_no_file(vm, functions_of_files[i](vm, "sub"), "[Errno 21] Is a directory\n");
        expect_no_file(vm, functions_of_files[i](vm, "file.txt/x"), "[Errno 20] Not a directory\n");
        expect_no_file(vm, functions_of_files[i](vm, "loop"), "[Errno 40]");
        expect_no_file(vm, functions_of_files[i](vm, "/proc/self/mem"), "[Errno 5]");
    }
    expect_output(&world, "");
    assert_int_equal(check(vm, "main.aio"), AIOLI_OK);
    assert_int_equal(check(vm, "/proc/self/status"), AIOLI_ERROR);
    expect_output(&world, "");
    assert_int_equal(list(vm, "module.aio"), AIOLI_OK);
    assert_non_null(strstr(world.memory.output, "x"));
    // A file of which the name is not UTF-8, from another folder.
    put("a/\xFF.aio", "print(repr(__file__)[-9:])\n1 / 0\n");
    assert_int_equal(aioli_run_file(vm, "\xFF.aio"), AIOLI_ERROR);
    unlink("\xFF.aio");
    world.memory.output[world.memory.output_length = 0] = 0;
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(aioli_run_file(vm, place("a/main.aio") + 1), AIOLI_OK);
    assert_int_equal(chdir(place("a")), 0);
    // Modules that can't be read.
    assert_int_equal(mkfifo("pipe", 0) | mkdir("folder.aio", 0700) | symlink("/proc/self/mem", "memory.aio"), 0);
    expect_end(vm, "import folder\n", AIOLI_ERROR, "ModuleNotFoundError: No module named 'folder'");
    expect_end(vm, "import memory\n", AIOLI_ERROR, "OSError: [Errno 5]");
    assert_int_equal(unlink("pipe") | rmdir("folder.aio") | unlink("memory.aio"), 0);
    // A name that begins so is none of a file.
    assert_int_equal(aioli_run_source(vm, "<stdin>", "1 / 0", 5), AIOLI_ERROR);
    assert_int_equal(aioli_run_source(vm, "\xFF", "1 / 0", 5), AIOLI_ERROR);
    end(&world, vm);
}

static void test_modules(void **state) {
    (void)state;
    for (int untrusted = 0; untrusted < 2; untrusted++) {
        World world;
        aioli *vm = start(&world, (aioli_config){.grants = AIOLI_GRANT_FILES, .untrusted = untrusted});
        put("a/ran.aio", "import sys\nprint(__name__, __spec__.name, [__file__] == sys.argv, sys.path[0])\n");
        assert_int_equal(aioli_run_module(vm, "ran"), AIOLI_OK);
        char wanted[200];
        snprintf(wanted, sizeof wanted, "__main__ ran True %s\n", place("a"));
        expect_output(&world, wanted);
        static const char *const absent[] = {"none", "", ".", "ran.x", "\xFF", ".ran"};
        for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
            assert_int_equal(aioli_run_module(vm, absent[i]), AIOLI_EXIT);
            assert_int_equal(aioli_exit_status(vm), 1);
            assert_non_null(strstr(aioli_error_text(vm, NULL), "aioli: "));
        }
        put("a/ran.aio", "def f():\n    1 / 0\nf()\n");
        assert_int_equal(aioli_run_module(vm, "ran"), AIOLI_ERROR);
        assert_non_null(strstr(aioli_error_text(vm, NULL), "Traceback (most recent call last):\n  File \""));
        assert_null(strstr(aioli_error_text(vm, NULL), "runpy"));
        put("a/ran.aio", "import sys\nsys.exit(7)\n");
        assert_int_equal(aioli_run_module(vm, "ran"), AIOLI_EXIT);
        assert_int_equal(aioli_exit_status(vm), 7);
        // Whatever one program does to sys.path, the next one's folder is the first.
        static const char *const changes[] = {"sys.path.clear()", "sys.path = []", "sys.path = ['x']", "del sys.path", "sys.path = 5", "del sys.path[0]"};
        for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
            char text[100];
            snprintf(text, sizeof text, "import sys\n%s\n", changes[i]);
            put("a/ran.aio", text);
            assert_int_equal(aioli_run_file(vm, "ran.aio"), AIOLI_OK);
            put("a/ran.aio", "import module\nprint('found')\n");
            // What is no list stays what it is.
            bool is_list = i < 3 || i > 4 || untrusted;
            world.memory.output[world.memory.output_length = 0] = 0;
            if (is_list) assert_int_equal(aioli_run_file(vm, "ran.aio"), AIOLI_OK);
            run(vm, "import sys\nsys.modules.pop('module', None)\nsys.path = ['<built-in>']\n");
        }
        unlink("ran.aio");
        end(&world, vm);
    }
}

// More than a buffer of the reader holds, from a file that does not say how long it is.
static void test_pipes(void **state) {
    (void)state;
    World world;
    aioli *vm = start(&world, (aioli_config){0});
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    char comment[10001];
    memset(comment, '#', sizeof comment);
    comment[sizeof comment - 1] = '\n';
    assert_int_equal(write(ends[1], comment, sizeof comment), sizeof comment);
    assert_int_equal(write(ends[1], "print('piped')\n", 15), 15);
    close(ends[1]);
    char path[50];
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    assert_int_equal(aioli_run_file(vm, path), AIOLI_OK);
    close(ends[0]);
    expect_output(&world, "piped\n");
    end(&world, vm);
}

static void test_exits(void **state) {
    (void)state;
    static const struct {
        const char *source, *words;
        aioli_status status;
        int exit_status;
    } cases[] = {
        {"pass", "", AIOLI_OK, 0},
        {"raise SystemExit", "", AIOLI_EXIT, 0},
        {"import sys; sys.exit()", "", AIOLI_EXIT, 0},
        {"import sys; sys.exit(None)", "", AIOLI_EXIT, 0},
        {"import sys; sys.exit(3)", "", AIOLI_EXIT, 3},
        {"import sys; sys.exit(259)", "", AIOLI_EXIT, 3},
        {"import sys; sys.exit(-1)", "", AIOLI_EXIT, 255},
        {"import sys; sys.exit(True)", "", AIOLI_EXIT, 1},
        {"import sys; sys.exit(False)", "", AIOLI_EXIT, 0},
        {"import sys; sys.exit(10**50)", "", AIOLI_EXIT, 255},
        {"import sys; sys.exit('a message')", "a message\n", AIOLI_EXIT, 1},
        {"import sys; sys.exit([1])", "[1]\n", AIOLI_EXIT, 1},
        {"import sys; sys.exit(1.5)", "1.5\n", AIOLI_EXIT, 1},
        {"class C:\n def __str__(self): return 1\nraise SystemExit(C())", "", AIOLI_EXIT, 1},
        {"class E(SystemExit):\n code = property(lambda self: 1 / 0)\nraise E", "", AIOLI_EXIT, 0},
        {"raise KeyboardInterrupt", "KeyboardInterrupt", AIOLI_INTERRUPTED, 130},
        {"1 / 0", "ZeroDivisionError", AIOLI_ERROR, 1},
        {"import sys\nsys.excepthook = lambda *a: print('hook', len(a))\n1 / 0", "", AIOLI_ERROR, 1},
        {"import sys\nsys.excepthook = None\n1 / 0", "ZeroDivisionError", AIOLI_ERROR, 1},
        {"import sys\ndel sys.excepthook\n1 / 0", "ZeroDivisionError", AIOLI_ERROR, 1},
        {"import sys\nsys.excepthook = lambda: 0\n1 / 0", "Original exception was:", AIOLI_ERROR, 1},
        {"raise BrokenPipeError", "BrokenPipeError", AIOLI_ERROR, 1},
    };
    World world;
    aioli *vm = start(&world, (aioli_config){.untrusted = 1, .time_limit = 60000000});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_end(vm, cases[i].source, cases[i].status, cases[i].words);
        if (!*cases[i].words && *aioli_error_text(vm, NULL)) fail_msg("%s said %s", cases[i].source, aioli_error_text(vm, NULL));
        if (aioli_exit_status(vm) != cases[i].exit_status) fail_msg("%s: %d", cases[i].source, aioli_exit_status(vm));
    }
    end(&world, vm);
}

// ---- Streams

static int say_terminal(void *user, int stream) {
    assert_true(stream >= 0 && stream <= 2);
    return ((World *)user)->is_terminal;
}

static void test_output_fails(void **state) {
    (void)state;
    World world;
    aioli *vm = start(&world, (aioli_config){.is_terminal = say_terminal});
    world.write_error = EPIPE;
    assert_int_equal(status_of(vm, "print(1)"), AIOLI_CLOSED_PIPE);
    assert_int_equal(aioli_exit_status(vm), 1);
    world.write_error = 0;
    run(vm, "");
    end(&world, vm);
    vm = start(&world, (aioli_config){.is_terminal = say_terminal});
    world.write_error = EPIPE;
    assert_int_equal(status_of(vm, "print(1, flush=True)"), AIOLI_CLOSED_PIPE);
    assert_int_equal(status_of(vm, "print(1)\nraise SystemExit(5)"), AIOLI_CLOSED_PIPE);
    world.write_error = ENOSPC;
    end(&world, vm);
    vm = start(&world, (aioli_config){.is_terminal = say_terminal});
    world.write_error = EPIPE;
    expect_end(vm, "print(1)\n1 / 0\n", AIOLI_ERROR, "ZeroDivisionError");
    world.write_error = 0;
    end(&world, vm);
    vm = start(&world, (aioli_config){.is_terminal = say_terminal});
    world.write_error = ENOSPC;
    expect_end(vm, "print(1)", AIOLI_ERROR, "OSError: [Errno 28]");
    assert_int_equal(aioli_exit_status(vm), 120);
    expect_end(vm, "print(1, flush=True)", AIOLI_ERROR, "OSError: [Errno 28]");
    world.write_error = 0;
    end(&world, vm);
    vm = start(&world, (aioli_config){.is_terminal = say_terminal});
    put("a/listed.aio", "x = 1\n");
    world.write_error = ENOSPC;
    assert_int_equal(list(vm, "listed.aio"), AIOLI_ERROR);
    world.write_error = EPIPE;
    assert_int_equal(list(vm, "listed.aio"), AIOLI_CLOSED_PIPE);
    unlink("listed.aio");
    world.write_error = 0;
    assert_int_equal(aioli_flush(vm), 0);
    end(&world, vm);
    // What a native prints is written when the host wants it.
    vm = start(&world, (aioli_config){.is_terminal = say_terminal});
    aioli_value words = text(vm, "words");
    assert_non_null(aioli_call_method(vm, aioli_import(vm, "builtins"), "print", 1, &words));
    world.write_error = ENOSPC;
    assert_int_equal(aioli_flush(vm), ENOSPC);
    world.write_error = 0;
    end(&world, vm);
}

static void test_terminal(void **state) {
    (void)state;
    World world;
    for (int is_terminal = 0; is_terminal < 2; is_terminal++) {
        world = (World){.memory.until_failure = -1, .is_terminal = is_terminal};
        aioli_config config = {.resize = counted_resize, .write = write_or_fail, .is_terminal = say_terminal, .user = &world};
        aioli *vm = aioli_new(&config);
        aioli_value words = text(vm, "words");
        assert_non_null(aioli_call_method(vm, aioli_import(vm, "builtins"), "print", 1, &words));
        assert_string_equal(world.memory.output, is_terminal ? "words\n" : "");
        expect_answer(vm, "sys.stdout.isatty(), sys.stdin.isatty(), sys.stderr.isatty()",
                      is_terminal ? "(True, True, True)" : "(False, False, False)");
        end(&world, vm);
    }
}

// ---- Misuse

static size_t captured(int descriptor, char *bytes, size_t size, void (*job)(void)) {
    int ends[2], old = dup(descriptor);
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    dup2(ends[1], descriptor);
    close(ends[1]);
    job();
    dup2(old, descriptor);
    close(old);
    ssize_t length = read(ends[0], bytes, size - 1);
    close(ends[0]);
    bytes[length < 0 ? 0 : length] = 0;
    return strlen(bytes);
}

static void misuse_default(void) {
    aioli *vm = aioli_new(NULL);
    aioli_drop(vm, AIOLI_NONE);
    aioli_free(vm);
}
static void print_default(void) {
    aioli *vm = aioli_new(NULL);
    aioli_run_source(vm, "<test>", "print('out')\n", 13);
    aioli_free(vm);
}
static void print_to_nobody(void) {
    aioli *vm = aioli_new(NULL);
    close(1);
    aioli_status status = aioli_run_source(vm, "<test>", "print('out')\n", 13);
    assert_int_equal(status, AIOLI_ERROR);
    aioli_free(vm);
}

static void test_defaults(void **state) {
    (void)state;
    char bytes[500];
    captured(2, bytes, sizeof bytes, misuse_default);
    assert_string_equal(bytes, "aioli: aioli_drop: a handle that aioli_keep did not make, or that is dead\n");
    captured(1, bytes, sizeof bytes, print_default);
    assert_string_equal(bytes, "out\n");
    captured(1, bytes, sizeof bytes, print_to_nobody);
    assert_string_equal(bytes, "");
    aioli_free(NULL);
}

static aioli_value close_twice(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count, (void)data;
    size_t outer = aioli_open(vm);
    text(vm, "a");
    size_t inner = aioli_open(vm);
    aioli_value kept = text(vm, "b");
    assert_ptr_equal(aioli_close(vm, outer, NULL), NULL);
    assert_null(aioli_close(vm, inner, arguments[0]));      // it ended with the one outside
    assert_null(aioli_close(vm, outer, kept));              // and so did its handles
    assert_null(aioli_close(vm, (size_t)-1, NULL));
    return aioli_close(vm, outer, arguments[0]);
}

static void test_scopes(void **state) {
    (void)state;
    static const aioli_function function = {"close_twice", close_twice, "value", NULL};
    World world;
    aioli *vm = start(&world, (aioli_config){0});
    aioli_value made = aioli_new_function(vm, &function, NULL), argument = text(vm, "c"), result = aioli_call(vm, made, 1, &argument, NULL);
    assert_string_equal(aioli_get_text(vm, result, NULL), "c");
    assert_string_equal(world.misuse, "aioli: aioli_close: the scope is not open, or not the caller's");
    size_t outer = aioli_open(vm);
    text(vm, "d");
    size_t inner = aioli_open(vm);
    text(vm, "e");
    assert_null(aioli_close(vm, outer, NULL));
    assert_null(aioli_close(vm, inner, argument));
    expect_error(vm, "RuntimeError(\"aioli_close: the scope is not open, or not the caller's\")");
    end(&world, vm);
}

static aioli_value give_none(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)vm, (void)arguments, (void)count, (void)data;
    return AIOLI_NONE;
}

static aioli_value make_nothing(aioli *vm, void *data) {
    (void)vm, (void)data;
    return NULL;
}
static aioli_value promise_nothing(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)arguments, (void)count, (void)data;
    aioli_value future;
    aioli_promise *promise = aioli_new_promise(vm, NULL, NULL, &future);
    if (promise) aioli_complete(promise, make_nothing, NULL);
    return future;
}

// Texts that are not UTF-8, numbers that no enum has, names that are none.
static void test_wrong_texts(void **state) {
    (void)state;
    static const aioli_function good = {"good", give_none, NULL, NULL};
    static const aioli_function bad[] = {{"b\xFF", give_none, NULL, NULL},
                                         {"bad", give_none, "x\xFF", NULL},
                                         {"bad", give_none, NULL, "\xFF"}};
    static const aioli_function many = {"many", give_none, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y", NULL};
    static const aioli_property bad_property[] = {{"p\xFF", give_none, NULL, NULL}, {0}};
    static const aioli_property bad_doc[] = {{"p", give_none, give_none, "\xFF"}, {0}};
    static const aioli_function methods[][2] = {{{"m\xFF", give_none, "self", NULL}, {0}}, {{"m", give_none, "self", "\xFF"}, {0}}};
    static const aioli_class classes[] = {
        {.name = "C", .doc = "\xFF"},
        {.name = "C", .properties = bad_property},
        {.name = "C", .properties = bad_doc},
        {.name = "C", .methods = methods[0]},
        {.name = "C", .methods = methods[1]},
        {.name = "C", .size = (size_t)UINT32_MAX},
        {.name = "C\xFF"},
    };
    World world;
    aioli *vm = start(&world, (aioli_config){0});
    for (int i = 0; i < 3; i++) {
        assert_null(aioli_new_function(vm, &bad[i], NULL));
        expect_error(vm, "ValueError('a text of a native function is not UTF-8')");
        const aioli_function table[] = {good, bad[i], {0}};
        assert_null(aioli_module(vm, "m", NULL, table, NULL));
        expect_error(vm, "ValueError('a text of a native function is not UTF-8')");
    }
    assert_null(aioli_new_function(vm, &many, NULL));
    expect_error(vm, "ValueError('many() has more than 24 parameters')");
    assert_null(aioli_module(vm, "\xFF", NULL, NULL, NULL));
    expect_error(vm, "ValueError('a name is not UTF-8')");
    assert_null(aioli_module(vm, "m", "\xFF", NULL, NULL));
    expect_error(vm, "ValueError('a name is not UTF-8')");
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        assert_null(aioli_new_class(vm, NULL, &classes[i]));
        expect_error_type(vm, "ValueError");
        assert_null(aioli_new_class(vm, "m", &classes[i]));
        expect_error_type(vm, "ValueError");
    }
    static const aioli_class good_class = {.name = "C"};
    assert_null(aioli_new_class(vm, "\xFF", &good_class));
    expect_error(vm, "ValueError('a name is not UTF-8')");
    aioli_raise_error(vm, "Value\xFF", "m");
    expect_error(vm, "ValueError('the name of an exception is not UTF-8')");
    aioli_raise_error(vm, "len", "m");
    expect_error_type(vm, "TypeError");
    aioli_raise_error(vm, "no_such.Error", "m");
    expect_error_type(vm, "ModuleNotFoundError");
    assert_int_equal(aioli_compare(vm, (aioli_comparison)99, AIOLI_NONE, AIOLI_NONE), -1);
    expect_error(vm, "ValueError('no such comparison: 99')");
    assert_null(aioli_import(vm, "\xFF"));
    expect_error_type(vm, "ValueError");
    assert_int_equal(aioli_set_attribute(vm, AIOLI_NONE, "\xFF", AIOLI_NONE), -1);
    expect_error_type(vm, "ValueError");
    assert_null(aioli_call_method(vm, AIOLI_NONE, "\xFF", 0, NULL));
    expect_error_type(vm, "ValueError");
    const char *const names[] = {"\xFF", NULL};
    aioli_value argument = AIOLI_NONE;
    assert_null(aioli_call(vm, aioli_new_function(vm, &good, NULL), 1, &argument, names));
    expect_error_type(vm, "ValueError");
    static const aioli_function promises = {"promise_nothing", promise_nothing, NULL, NULL};
    assert_null(aioli_run_until(vm, aioli_call(vm, aioli_new_function(vm, &promises, NULL), 0, NULL, NULL)));
    expect_error(vm, "RuntimeError('a promise was completed by NULL without an exception')");
    run(vm, "import builtins\ndel builtins.isinstance\n");
    assert_int_equal(aioli_compare(vm, AIOLI_INSTANCE, AIOLI_NONE, AIOLI_NONE), -1);
    expect_error(vm, "RuntimeError('isinstance is not there')");
    aioli_raise(vm, aioli_get_attribute(vm, aioli_import(vm, "builtins"), "int"));
    expect_error_type(vm, "TypeError");
    end(&world, vm);
}

// ---- Failing allocations

static const char script[] = "import asyncio, math, sys, module, host\n"
                             "with open('sub/made', 'w') as f: f.write('made')\n"
                             "try: open('../ab/secret.txt')\n"
                             "except PermissionError as e: print(e)\n"
                             "async def main(): await asyncio.gather(asyncio.sleep(1), asyncio.sleep(2))\n"
                             "asyncio.run(main())\n"
                             "builtins = sys.modules['builtins']\n"
                             "builtins.strange = math.strange = 1\n"
                             "sys.stdout.close()\n"
                             "sys.exit('the end')\n";

// What the other tests do, whatever fails. True when nothing did.
static bool use_everything(aioli *vm) {
    size_t scope = aioli_open(vm);
    const char *const arguments[] = {"main.aio", "\xFF"};
    bool ok = aioli_set_arguments(vm, "aioli", 2, arguments) == 0;
    ok &= aioli_module(vm, "host", "The host's.", functions, NULL) != NULL;
    ok &= aioli_set_attribute(vm, aioli_import(vm, "builtins"), "host_value", text(vm, "of the host")) == 0;
    ok &= check(vm, "main.aio") == AIOLI_OK;
    ok &= check(vm, "wrong.aio") == AIOLI_ERROR;
    ok &= check(vm, "none.aio") == AIOLI_NO_FILE;
    ok &= list(vm, "module.aio") == AIOLI_OK;
    ok &= aioli_run_file(vm, "main.aio") == AIOLI_OK;
    ok &= status_of(vm, script) == AIOLI_EXIT;
    ok &= status_of(vm, "import sys\nsys.excepthook = lambda: 0\n1 / 0\n") == AIOLI_ERROR;
    ok &= status_of(vm, "assert host_value == 'of the host'\nasync def job(): return 1\n") == AIOLI_OK;
    ok &= aioli_run_until(vm, call(vm, "job")) != NULL;
    ok &= aioli_start(vm, call(vm, "job")) != NULL;
    aioli_turn_result turn = aioli_turn(vm, 0, 0, NULL);
    ok &= turn == AIOLI_DONE && aioli_flush(vm) == 0;
    aioli_take_error(vm);
    aioli_close(vm, scope, NULL);
    return ok;
}

static void test_every_allocation_fails(void **state) {
    (void)state;
    const char *const readable[] = {place("a"), NULL}, *const writable[] = {"sub", NULL};
    aioli_config config = {.untrusted = 1, .readable = readable, .writable = writable, .virtual_time = 1, .recursion_limit = 200,
                           .time_limit = 60000000, .read = read_input};
    World world = {.memory.until_failure = -1};
    config.resize = counted_resize, config.write = write_or_fail, config.misuse = take_misuse, config.user = &world;
    aioli *vm = aioli_new(&config);
    long begin = world.memory.allocations;
    if (!use_everything(vm)) fail_msg("%s", world.memory.output);
    long count = world.memory.allocations;
    end(&world, vm);
    for (long i = stride_from(13); i < count; i += stride(i < begin + 300 ? 1 : 7, 13)) {
        world = (World){.memory.until_failure = i};
        vm = aioli_new(&config);
        if (vm) {
            use_everything(vm);
            world.memory.until_failure = -1;
            run(vm, "assert sum(range(10)) == 45\n");
        }
        end(&world, vm);
    }
    unlink("sub/made");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_granted), cmocka_unit_test(test_grants),       cmocka_unit_test(test_input),
        cmocka_unit_test(test_readable),        cmocka_unit_test(test_root),         cmocka_unit_test(test_writable),     cmocka_unit_test(test_os),
#ifdef AIOLI_IO
        cmocka_unit_test(test_network),
#endif
        cmocka_unit_test(test_programs_begin_as_new), cmocka_unit_test(test_modules_stay),
        cmocka_unit_test(test_losses_are_told), cmocka_unit_test(test_host_tasks_stay),
        cmocka_unit_test(test_files), cmocka_unit_test(test_modules),           cmocka_unit_test(test_pipes),        cmocka_unit_test(test_exits),
        cmocka_unit_test(test_output_fails),    cmocka_unit_test(test_terminal),     cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_scopes),          cmocka_unit_test(test_wrong_texts),  cmocka_unit_test(test_every_allocation_fails),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
