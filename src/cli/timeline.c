#define _GNU_SOURCE // memmem
#include "timeline.h"

#include <string.h>

// As a JSON string, in which nothing can end the element of the page that it stands in.
static void write_string(FILE *page, const char *text) {
    fputc('"', page);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == '"' || *c == '\\' || *c == '<')
            fprintf(page, "\\u%04x", *c);
        else
            fputc(*c, page);
    }
    fputc('"', page);
}

void timeline_begin(FILE *page, const char *program, int is_virtual) {
    fwrite(timeline_before, 1, timeline_before_length, page);
    fputs("[\n{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"aioli\",\"program\":", page);
    write_string(page, program);
    fprintf(page, ",\"virtual\":%s}}", is_virtual ? "true" : "false");
    fflush(page); // a run that is ended from outside leaves a whole page at least
}

void timeline_event(FILE *page, const char *event, size_t length) {
    // The page finds waits between the steps, which say for what. (Quotes in a name are escaped: no name has this in it.)
    static const char wait[] = "\"cat\":\"wait\"";
    if (memmem(event, length, wait, sizeof wait - 1)) return;
    fputs(",\n", page);
    fwrite(event, 1, length, page);
}

void timeline_end(FILE *page) {
    fputs("\n]", page);
    fwrite(timeline_after, 1, timeline_after_length, page);
}
