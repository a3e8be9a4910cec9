// _io: the classes of files, for the module io.
#include "modules/library.h"
#include "modules/modules.h"
#include "object/core/module.h"

bool io_module_fill(VM *vm, ModuleObject *module) {
    Library *library = library_of(vm);
    const struct {
        const char *name;
        Class *cls;
    } classes[] = {{"TextIOWrapper", library->text_file},       {"BufferedReader", library->buffered_reader},
                   {"BufferedWriter", library->buffered_writer}, {"BufferedRandom", library->buffered_random},
                   {"FileIO", library->raw_file},                {"UnsupportedOperation", library->unsupported_operation}};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (!add_value(vm, module->namespace, classes[i].name, value_object(classes[i].cls))) return false;
    return true;
}
