// What a static command must not take from the C library: glibc looks users and groups up through shared libraries that it
// loads at run time, and the machine may have none. libuv asks in uv_os_homedir and its like, which aioli does not call.
#include <grp.h>
#include <pwd.h>
#include <stddef.h>

// These find nobody.
int getpwuid_r(uid_t user, struct passwd *entry, char *text, size_t size, struct passwd **result) {
    (void)user, (void)entry, (void)text, (void)size;
    *result = NULL;
    return 0;
}
int getgrgid_r(gid_t group, struct group *entry, char *text, size_t size, struct group **result) {
    (void)group, (void)entry, (void)text, (void)size;
    *result = NULL;
    return 0;
}
