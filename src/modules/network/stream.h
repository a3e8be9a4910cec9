// Streams: what comes over a transport, kept until somebody reads it (reader.c), and the transport itself (transport.c).
#ifndef AIOLI_MODULES_STREAM_H
#define AIOLI_MODULES_STREAM_H

#include "loop/wait.h"
#include "modules/library.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/shared/builtin.h"

// asyncio.StreamReader.
typedef struct {
    Waitable base;
    Line line;       // of one at most
    char *data;      // side memory; what has not been read yet lies in data[start .. start + length - 1]
    size_t start, length, capacity;
    size_t scanned;  // of these bytes, how many were looked through in vain by who waits for a separator
    size_t limit;
    bool is_ended;   // nothing more will come
    bool is_paused;  // the transport reads nothing for the time being
    bool takes_all;  // who waits wants everything up to the end, however much
    Value exception; // that reading raises, or VALUE_NONE
    Value transport; // or VALUE_NONE
} Reader;

// What a transport tells of what comes, where the protocol does not want to see it before.
typedef struct {
    NativeData data;
    Reader *reader; // or NULL
} ReaderProtocol;

extern const TypeOps reader_ops, reader_protocol_ops;

// More bytes; or the end. Wakes who waits. False with an exception. [script]
bool reader_feed(VM *vm, Reader *reader, const void *data, size_t size);
void reader_feed_end(VM *vm, Reader *reader);
// The reader of a protocol that has the transport feed it, or NULL.
Reader *reader_of_protocol(VM *vm, Value protocol);

// Has a transport read on or not. False with an exception. [script]
bool transport_pause(VM *vm, Value transport);
bool transport_resume(VM *vm, Value transport);

// Whether scripts may wait for descriptors, or use one as a transport: any is a number that a script may make up, so that the network must
// be granted or, but for sockets, all files. False with PermissionError.
bool descriptors_permitted(VM *vm, bool socket);

bool reader_add(VM *vm, ModuleObject *module);
bool transport_add(VM *vm, ModuleObject *module);
bool watcher_add(VM *vm, ModuleObject *module);

#endif
