// Compiles the library's modules in the language when aioli is built: write_images OUTPUT
//
// It is linked with all of aioli but the images that it writes, as a C file with the table `source_images`.
#include <stdio.h>
#include <stdlib.h>

#include "aioli.h"
#include "api/host.h"
#include "compiler/compiler.h"
#include "compiler/image.h"
#include "modules/modules.h"
#include "object/text/str.h"

static int write_image(FILE *out, VM *vm, const SourceModule *module, size_t number) {
    String *name = string_from(vm, module->name);
    CompileOptions options = {.file_name = name, .mode = PARSE_FILE};
    Code *code = name ? compile_source(vm, module->source, module->length, &options, NULL, NULL) : NULL;
    Buffer image = vm_buffer(vm);
    if (!code || !code_write_image(vm, code, &image)) return fprintf(stderr, "write_images: %s can't be compiled\n", module->name), -1;
    fprintf(out, "static const unsigned char image_%zu[] = {", number);
    for (size_t i = 0; i < image.length; i++) fprintf(out, i % 40 ? "%u," : "\n%u,", (unsigned char)image.data[i]);
    fprintf(out, "\n};\n");
    buffer_free(&image);
    return 0;
}

int main(int argc, char **argv) {
    aioli *host = aioli_new(NULL);
    FILE *out = argc == 2 ? fopen(argv[1], "w") : NULL;
    if (!host || !out) return fprintf(stderr, "write_images: %s can't be written\n", argc == 2 ? argv[1] : "nothing"), 1;
    fprintf(out, "// Made by stdlib/write_images.c.\n#include \"modules/modules.h\"\n\n");
    // As if a function of the header had entered: the collector is to know this part of the stack.
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return 1;
    size_t count = 0;
    for (; source_modules[count].name; count++)
        if (write_image(out, &host->vm, &source_modules[count], count) < 0) return 1;
    host_leave(host, &entry);
    fprintf(out, "const unsigned char *const source_images[] = {");
    for (size_t i = 0; i < count; i++) fprintf(out, "image_%zu, ", i);
    fprintf(out, "0};\n");
    aioli_free(host);
    return fclose(out) != 0;
}
