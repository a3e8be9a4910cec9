// What ThreadSanitizer is not to report. libuv closes descriptors by system calls that it doesn't see: when another thread gets a
// descriptor of the same number, it takes the two for one that both have opened.
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void) { return "race:epoll_create1\nrace:eventfd\nrace:pipe2\n"; }
