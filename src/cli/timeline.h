// A page of HTML that shows what tasks did: for `aioli --timeline FILE`.
#ifndef AIOLI_CLI_TIMELINE_H
#define AIOLI_CLI_TIMELINE_H

#include <stddef.h>
#include <stdio.h>

// timeline.html with timeline.js, cut where the events go; made by embed_page.py. No NUL follows.
extern const unsigned char timeline_before[], timeline_after[];
extern const size_t timeline_before_length, timeline_after_length;

// Begins a page. program: its name, any bytes; is_virtual: the clock is.
void timeline_begin(FILE *page, const char *program, int is_virtual);
// Adds an event, as aioli_config.trace gives it; leaves out what the page does not need.
void timeline_event(FILE *page, const char *event, size_t length);
// Ends it; the file is the caller's to close. A page that never comes to this shows what it has.
void timeline_end(FILE *page);

#endif
