// Stands in for what stdlib/write_images.c writes: where that can't run (a build for another machine), and in it itself. The library's
// modules are then compiled when they are imported.
#include "modules/modules.h"

const unsigned char *const source_images[] = {0};
