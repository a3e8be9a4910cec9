// memoryview over bytes and bytearray: one dimension of unsigned bytes.
//
// CPython locks the size of a bytearray while a view of it lives. Here a view may be garbage long before it
// is collected, so nothing is locked: a view that its bytearray has shrunk away from raises ValueError when
// it is used.
#include "object/core/native.h"
#include "object/text/bytes_internal.h"

static Value make(VM *vm, Value owner, size_t start, size_t length, int64_t step) {
    MemoryView *view =
        heap_allocate(vm, builtin_shape(vm->classes.memoryview), KIND_MEMORYVIEW, sizeof(MemoryView));
    if (!view) return VALUE_ERROR;
    view->owner = owner;
    view->start = start;
    view->length = length;
    view->step = step;
    return value_object(view);
}

Value memoryview_new(VM *vm, Value owner) {
    const unsigned char *data;
    size_t length;
    bytes_view(owner, &data, &length);
    return make(vm, owner, 0, length, 1);
}

// Whether all items of the view are inside its owner.
static bool is_inside(const MemoryView *view) {
    const unsigned char *data;
    size_t size;
    bytes_view(view->owner, &data, &size);
    if (!view->length) return true;
    int64_t last = (int64_t)view->start + ((int64_t)view->length - 1) * view->step;
    return view->start < size && last >= 0 && (size_t)last < size;
}

// The view, or NULL with ValueError when it has been released or its bytearray has shrunk.
static MemoryView *live(VM *vm, Value self) {
    MemoryView *view = memoryview_of(self);
    if (is_none(view->owner))
        raise_value_error(vm, "operation forbidden on released memoryview object");
    else if (!is_inside(view))
        raise_value_error(vm, "the memory of this memoryview object has been re-sized");
    else
        return view;
    return NULL;
}

// Where item 0 is.
static unsigned char *base(const MemoryView *view) {
    unsigned char *data =
        is_kind(view->owner, KIND_BYTES) ? bytes_of(view->owner)->data : bytearray_of(view->owner)->data;
    return data + view->start;
}

static Bytes *to_bytes(VM *vm, const MemoryView *view) {
    vm_count_work(vm, view->length / 8);
    Bytes *bytes = bytes_new(vm, NULL, view->length);
    for (size_t i = 0; bytes && i < view->length; i++) bytes->data[i] = base(view)[(int64_t)i * view->step];
    return bytes;
}

static void memoryview_trace(VM *vm, Object *o) { heap_mark(vm, ((MemoryView *)o)->owner); }

static Value memoryview_repr(VM *vm, Value self) {
    const char *word = is_none(memoryview_of(self)->owner) ? "released memory" : "memory";
    return object_or_error(string_format(vm, "<%s at %p>", word, (void *)object_of(self)));
}

static int memoryview_hash(VM *vm, Value self, uint64_t *out) {
    MemoryView *view = live(vm, self);
    if (!view) return -1;
    if (!is_kind(view->owner, KIND_BYTES))
        return raise_value_error(vm, "cannot hash writable memoryview object"), -1;
    Bytes *bytes = to_bytes(vm, view);
    return bytes ? value_hash(vm, value_object(bytes), out) : -1;
}

static Value memoryview_compare(VM *vm, Comparison op, Value self, Value other) {
    if (op != COMPARISON_EQ && op != COMPARISON_NE) return VALUE_NOT_IMPLEMENTED;
    if (is_kind(self, KIND_MEMORYVIEW) && is_none(memoryview_of(self)->owner))
        return value_bool((self.bits == other.bits) == (op == COMPARISON_EQ));
    Value sides[2] = {self, other};
    for (int i = 0; i < 2; i++) {
        if (!is_kind(sides[i], KIND_MEMORYVIEW) || is_none(memoryview_of(sides[i])->owner)) continue;
        if (!live(vm, sides[i])) return VALUE_ERROR;
        sides[i] = object_or_error(to_bytes(vm, memoryview_of(sides[i])));
        if (is_error(sides[i])) return VALUE_ERROR;
    }
    return bytes_compare(vm, op, sides[0], sides[1]);
}

static int64_t memoryview_length(VM *vm, Value self) {
    MemoryView *view = live(vm, self);
    return view ? (int64_t)view->length : -1;
}

static bool item_place(VM *vm, Value self, Value key, int64_t *at) {
    int64_t index;
    if (!has_index(vm, key)) return raise_type_error(vm, "memoryview: invalid slice key"), false;
    if (!index_argument(vm, key, "memoryview", &index)) return false;
    MemoryView *view = live(vm, self);
    if (!view) return false;
    if (index < 0) index += (int64_t)view->length;
    if (index < 0 || (size_t)index >= view->length)
        return raise_index_error(vm, "index out of bounds on dimension 1"), false;
    *at = index * view->step;
    return true;
}

static Value memoryview_get_item(VM *vm, Value self, Value key) {
    MemoryView *view = live(vm, self);
    if (!view) return VALUE_ERROR;
    int64_t at;
    if (is_kind(key, KIND_SLICE)) {
        int64_t start, stop, step;
        if (!slice_resolve_bounds(vm, key, &start, &stop, &step) || !(view = live(vm, self)))
            return VALUE_ERROR;
        size_t count = slice_clip(view->length, &start, &stop, step);
        int64_t place = (int64_t)view->start + start * view->step;
        return make(vm, view->owner, place < 0 ? 0 : (size_t)place, count, count > 1 ? step * view->step : 1);
    }
    if (!item_place(vm, self, key, &at)) return VALUE_ERROR;
    return value_small(base(view)[at]);
}

static int memoryview_set_item(VM *vm, Value self, Value key, Value value) {
    MemoryView *view = live(vm, self);
    if (!view) return -1;
    if (is_kind(view->owner, KIND_BYTES)) return raise_type_error(vm, "cannot modify read-only memory"), -1;
    if (is_empty(value)) return raise_type_error(vm, "cannot delete memory"), -1;
    int64_t at;
    if (is_kind(key, KIND_SLICE)) {
        Value part = memoryview_get_item(vm, self, key);
        if (is_error(part)) return -1;
        MemoryView *target = memoryview_of(part);
        Bytes *copy = NULL;
        const unsigned char *data;
        size_t length;
        if (is_kind(value, KIND_MEMORYVIEW) && live(vm, value))
            copy = to_bytes(vm, memoryview_of(value));
        else if (bytes_view(value, &data, &length))
            copy = bytes_new(vm, data, length);
        else
            raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, value));
        if (copy && copy->length != target->length) {
            raise_value_error(vm, "memoryview assignment: lvalue and rvalue have different structures");
            copy = NULL;
        }
        for (size_t i = 0; copy && i < copy->length; i++)
            base(target)[(int64_t)i * target->step] = copy->data[i];
        target->owner = VALUE_NONE;
        return copy ? 1 : -1;
    }
    if (!item_place(vm, self, key, &at)) return -1;
    if (!has_index(vm, value)) return raise_type_error(vm, "memoryview: invalid type for format 'B'"), -1;
    Value number = value_index(vm, value);
    int64_t n;
    if (is_error(number)) return -1;
    if (!int_to_int64(number, &n) || n < 0 || n > 255)
        return raise_value_error(vm, "memoryview: invalid value for format 'B'"), -1;
    if (!live(vm, self)) return -1;
    base(view)[at] = (unsigned char)n;
    return 1;
}

static Value memoryview_iterate(VM *vm, Value self) {
    return live(vm, self) ? iterator_new(vm, ITERATE_BYTES, self) : VALUE_ERROR;
}

const TypeOps memoryview_ops = {
    .trace = memoryview_trace,
    .repr = memoryview_repr,
    .hash = memoryview_hash,
    .compare = memoryview_compare,
    .length = memoryview_length,
    .get_item = memoryview_get_item,
    .set_item = memoryview_set_item,
    .iterate = memoryview_iterate,
};

// ---- Methods

static Value memoryview_dunder_new(VM *vm, Value *args, size_t count) {
    if (!builtin_new_class(vm, args[0], vm->classes.memoryview)) return VALUE_ERROR;
    if (is_kind(args[1], KIND_MEMORYVIEW)) {
        MemoryView *view = live(vm, args[1]);
        return view ? make(vm, view->owner, view->start, view->length, view->step) : VALUE_ERROR;
    }
    if (is_kind(args[1], KIND_BYTES) || is_kind(args[1], KIND_BYTEARRAY)) return memoryview_new(vm, args[1]);
    return raise_type_error(vm, "memoryview: a bytes-like object is required, not '%s'",
                            type_name(vm, args[1]));
}

static Value memoryview_tobytes(VM *vm, Value *args, size_t count) {
    MemoryView *view = live(vm, args[0]);
    return view ? object_or_error(to_bytes(vm, view)) : VALUE_ERROR;
}

static Value memoryview_tolist(VM *vm, Value *args, size_t count) {
    MemoryView *view = live(vm, args[0]);
    List *list = view ? list_new(vm, view->length) : NULL;
    if (!list) return VALUE_ERROR;
    for (size_t i = 0; i < view->length; i++)
        list->items[i] = value_small(base(view)[(int64_t)i * view->step]);
    list->length = view->length;
    return value_object(list);
}

static Value memoryview_hex(VM *vm, Value *args, size_t count) {
    MemoryView *view = live(vm, args[0]);
    Bytes *bytes = view ? to_bytes(vm, view) : NULL;
    return bytes ? bytes_hex(vm, value_object(bytes), args[1], args[2]) : VALUE_ERROR;
}

static Value memoryview_release(VM *vm, Value *args, size_t count) {
    memoryview_of(args[0])->owner = VALUE_NONE;
    return VALUE_NONE;
}

static Value memoryview_enter(VM *vm, Value *args, size_t count) {
    return live(vm, args[0]) ? args[0] : VALUE_ERROR;
}

static Value memoryview_toreadonly(VM *vm, Value *args, size_t count) {
    MemoryView *view = live(vm, args[0]);
    if (!view) return VALUE_ERROR;
    if (is_kind(view->owner, KIND_BYTES)) return make(vm, view->owner, view->start, view->length, view->step);
    Bytes *bytes = to_bytes(vm, view);
    return bytes ? memoryview_new(vm, value_object(bytes)) : VALUE_ERROR;
}

static Value memoryview_cast(VM *vm, Value *args, size_t count) {
    MemoryView *view = live(vm, args[0]);
    if (!view) return VALUE_ERROR;
    if (!is_string(args[1]))
        return raise_type_error(vm, "cast() argument 'format' must be str, not %s", type_name(vm, args[1]));
    if (string_is(string_of(args[1]), "B"))
        return make(vm, view->owner, view->start, view->length, view->step);
    return raise_error(vm, vm->exceptions.not_implemented_error, "memoryview: only format 'B' is supported");
}

static Value get_obj(VM *vm, Value self) { return live(vm, self) ? memoryview_of(self)->owner : VALUE_ERROR; }
static Value get_nbytes(VM *vm, Value self) {
    return live(vm, self) ? value_small((int64_t)memoryview_of(self)->length) : VALUE_ERROR;
}
static Value get_itemsize(VM *vm, Value self) { return live(vm, self) ? value_small(1) : VALUE_ERROR; }
static Value get_ndim(VM *vm, Value self) { return live(vm, self) ? value_small(1) : VALUE_ERROR; }
static Value get_format(VM *vm, Value self) {
    return live(vm, self) ? object_or_error(string_from(vm, "B")) : VALUE_ERROR;
}
static Value get_readonly(VM *vm, Value self) {
    return live(vm, self) ? value_bool(is_kind(memoryview_of(self)->owner, KIND_BYTES)) : VALUE_ERROR;
}
static Value get_shape(VM *vm, Value self) {
    if (!live(vm, self)) return VALUE_ERROR;
    Value length = value_small((int64_t)memoryview_of(self)->length);
    return object_or_error(tuple_from(vm, &length, 1));
}
static Value get_strides(VM *vm, Value self) {
    if (!live(vm, self)) return VALUE_ERROR;
    Value step = value_small(memoryview_of(self)->step);
    return object_or_error(tuple_from(vm, &step, 1));
}
static Value get_suboffsets(VM *vm, Value self) {
    return live(vm, self) ? object_or_error(tuple_new(vm, 0)) : VALUE_ERROR;
}
static Value get_contiguous(VM *vm, Value self) {
    return live(vm, self) ? value_bool(memoryview_of(self)->step == 1) : VALUE_ERROR;
}

static const NativeDefinition memoryview_methods[] = {
    {"__new__", memoryview_dunder_new, "cls, /, object", NATIVE_NEW},
    {"__enter__", memoryview_enter, "self, /", NATIVE_METHOD},
    {"__exit__", memoryview_release, "self, /, *args", NATIVE_METHOD},
    {"cast", memoryview_cast, "self, /, format, shape=", NATIVE_METHOD},
    {"hex", memoryview_hex, "self, /, sep=, bytes_per_sep=", NATIVE_METHOD},
    {"release", memoryview_release, "self, /", NATIVE_METHOD},
    {"tobytes", memoryview_tobytes, "self, /, order='C'", NATIVE_METHOD},
    {"tolist", memoryview_tolist, "self, /", NATIVE_METHOD},
    {"toreadonly", memoryview_toreadonly, "self, /", NATIVE_METHOD},
    {0},
};
static const AttributeDefinition memoryview_attributes[] = {
    {"obj", get_obj, NULL},
    {"nbytes", get_nbytes, NULL},
    {"itemsize", get_itemsize, NULL},
    {"ndim", get_ndim, NULL},
    {"format", get_format, NULL},
    {"readonly", get_readonly, NULL},
    {"shape", get_shape, NULL},
    {"strides", get_strides, NULL},
    {"suboffsets", get_suboffsets, NULL},
    {"c_contiguous", get_contiguous, NULL},
    {"f_contiguous", get_contiguous, NULL},
    {"contiguous", get_contiguous, NULL},
    {0},
};

bool memoryview_class_init(VM *vm) {
    vm->ops[KIND_MEMORYVIEW] = &memoryview_ops;
    vm->classes.memoryview = class_new_builtin(vm, "memoryview", vm->classes.object, KIND_MEMORYVIEW,
                                               sizeof(MemoryView), CLASS_FINAL);
    return vm->classes.memoryview &&
           native_add_methods(vm, vm->classes.memoryview, memoryview_methods) >= 0 &&
           native_add_attributes(vm, vm->classes.memoryview, memoryview_attributes) >= 0;
}
