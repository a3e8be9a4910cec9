// memoryview over the memory of bytes and bytearrays (and of what keeps its items in one of those): items of
// any of C's formats, in up to 64 dimensions. Its methods that take all items are in memoryview_methods.c.
//
// CPython locks the size of a bytearray while a view of it lives. Here a view may be garbage long before it
// is collected, so nothing is locked: a view that its bytearray has shrunk away from raises ValueError when
// it is used.
#include "object/text/memoryview_internal.h"

#include "object/text/item.h"

MemoryView *view_new(VM *vm, const MemoryView *like, int dimensions) {
    size_t size = sizeof(MemoryView) + 2 * (size_t)dimensions * sizeof(int64_t);
    MemoryView *view = heap_allocate(vm, builtin_shape(vm->classes.memoryview), KIND_MEMORYVIEW, size);
    if (!view) return NULL;
    Object header = view->object;
    *view = *like;
    view->object = header;
    view->dimensions = (uint8_t)dimensions;
    return view;
}

MemoryView *view_copy(VM *vm, const MemoryView *like) {
    MemoryView *view = view_new(vm, like, like->dimensions);
    if (view) memcpy(view->shape, like->shape, 2 * (size_t)like->dimensions * sizeof(int64_t));
    return view;
}

Value memoryview_of_items(VM *vm, Value owner, Value exporter, char format) {
    const unsigned char *data;
    size_t length, size = item_size(format);
    bytes_view(owner, &data, &length);
    if (!size) size = format == 'w' || format == 'u' ? 4 : 1;
    MemoryView like = {.owner = owner,
                       .exporter = exporter,
                       .format = format,
                       .item = (uint8_t)size,
                       .items = length / size,
                       .is_readonly = is_kind(owner, KIND_BYTES)};
    MemoryView *view = view_new(vm, &like, 1);
    if (!view) return VALUE_ERROR;
    view->shape[0] = (int64_t)view->items;
    view_strides(view)[0] = (int64_t)size;
    return value_object(view);
}

Value memoryview_new(VM *vm, Value owner) { return memoryview_of_items(vm, owner, owner, 'B'); }

// Whether all items of the view are inside its owner.
static bool is_inside(const MemoryView *view) {
    const unsigned char *data;
    size_t size;
    bytes_view(view->owner, &data, &size);
    if (!view->items) return true;
    int64_t first = (int64_t)view->start, last = first;
    for (int i = 0; i < view->dimensions; i++) {
        int64_t reach = (view->shape[i] - 1) * view_strides(view)[i];
        *(reach < 0 ? &first : &last) += reach;
    }
    return first >= 0 && last + view->item <= (int64_t)size;
}

MemoryView *view_live(VM *vm, Value self) {
    MemoryView *view = memoryview_of(self);
    if (is_none(view->owner))
        raise_value_error(vm, "operation forbidden on released memoryview object");
    else if (!is_inside(view))
        raise_value_error(vm, "the memory of this memoryview object has been re-sized");
    else
        return view;
    return NULL;
}

unsigned char *view_base(const MemoryView *view) {
    unsigned char *data =
        is_kind(view->owner, KIND_BYTES) ? bytes_of(view->owner)->data : bytearray_of(view->owner)->data;
    return data + view->start;
}

// Whether the items follow one another, the last index running fastest (or, `from_first`, the first one).
bool view_is_contiguous(const MemoryView *view, bool from_first) {
    int64_t wanted = view->item;
    if (!view->items) return true;
    for (int n = 0; n < view->dimensions; n++) {
        int i = from_first ? n : view->dimensions - 1 - n;
        if (view->shape[i] > 1 && view_strides(view)[i] != wanted) return false;
        wanted *= view->shape[i];
    }
    return true;
}

bool memoryview_bytes(const MemoryView *view, const unsigned char **data, size_t *length) {
    if (is_none(view->owner) || !view_is_contiguous(view, false) || !is_inside(view)) return false;
    *data = view_base(view);
    *length = view->items * view->item;
    return true;
}

bool bytes_writable_view(VM *vm, Value *v, unsigned char **data, size_t *length) {
    if (!is_kind(*v, KIND_BYTEARRAY) && !is_kind(*v, KIND_MEMORYVIEW)) {
        if (is_string(*v) || is_kind(*v, KIND_BYTES)) return false;
        Value view = call_class(vm, vm->classes.memoryview, v, 1);
        if (is_error(view)) {
            if (exception_matches(vm, vm->exceptions.type_error)) exception_drop(vm);
            return false;
        }
        *v = view;
    }
    const unsigned char *found;
    if ((is_kind(*v, KIND_MEMORYVIEW) && memoryview_of(*v)->is_readonly) || !bytes_view(*v, &found, length))
        return false;
    *data = (unsigned char *)found;
    return true;
}

static bool has_known_format(VM *vm, const MemoryView *view) {
    if (item_size(view->format)) return true;
    raise_error(vm, vm->exceptions.not_implemented_error, "memoryview: format %c not supported",
                view->format);
    return false;
}

// ---- Items

// The place of an index along a dimension, added to *at. False with IndexError.
static bool add_index(VM *vm, const MemoryView *view, int dimension, int64_t index, int64_t *at) {
    if (index < 0) index += view->shape[dimension];
    if (index < 0 || index >= view->shape[dimension]) {
        raise_index_error(vm, "index out of bounds on dimension %d", dimension + 1);
        return false;
    }
    *at += index * view_strides(view)[dimension];
    return true;
}

// The item that an int or a tuple of ints names, as a distance from the first one. [script]
static bool item_place(VM *vm, Value self, Value key, int64_t *at) {
    MemoryView *view = memoryview_of(self);
    int64_t index;
    *at = 0;
    if (has_index(vm, key)) {
        if (!view->dimensions) return raise_type_error(vm, "invalid indexing of 0-dim memory"), false;
        if (view->dimensions > 1) {
            raise_error(vm, vm->exceptions.not_implemented_error,
                        "multi-dimensional sub-views are not implemented");
            return false;
        }
        if (!index_argument(vm, key, "memoryview", &index)) return false;
        view = view_live(vm, self);
        return view && add_index(vm, view, 0, index, at) && has_known_format(vm, view);
    }
    bool is_plain = is_tuple(key);
    for (size_t i = 0; is_plain && i < tuple_of(key)->length; i++)
        is_plain = has_index(vm, tuple_of(key)->items[i]);
    if (!is_plain) {
        bool slices = is_tuple(key) && tuple_of(key)->length;
        for (size_t i = 0; slices && i < tuple_of(key)->length; i++)
            slices = is_kind(tuple_of(key)->items[i], KIND_SLICE);
        if (slices)
            raise_error(vm, vm->exceptions.not_implemented_error,
                        "multi-dimensional slicing is not implemented");
        else
            raise_type_error(vm, view->dimensions ? "memoryview: invalid slice key"
                                                  : "invalid indexing of 0-dim memory");
        return false;
    }
    size_t count = tuple_of(key)->length;
    if (count < view->dimensions)
        return raise_error(vm, vm->exceptions.not_implemented_error, "sub-views are not implemented"), false;
    if (count > view->dimensions && !view->dimensions)
        return raise_type_error(vm, "invalid indexing of 0-dim memory"), false;
    if (count > view->dimensions) {
        raise_type_error(vm, "cannot index %d-dimension view with %zu-element tuple", view->dimensions,
                         count);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!index_argument(vm, tuple_of(key)->items[i], "memoryview", &index) ||
            !(view = view_live(vm, self)))
            return false;
        if (!add_index(vm, view, (int)i, index, at)) return false;
    }
    view = view_live(vm, self);
    return view && has_known_format(vm, view);
}

static Value slice_of(VM *vm, Value self, Value key) {
    MemoryView *view = memoryview_of(self);
    int64_t start, stop, step;
    if (!view->dimensions) return raise_type_error(vm, "invalid indexing of 0-dim memory");
    if (!slice_resolve_bounds(vm, key, &start, &stop, &step) || !(view = view_live(vm, self)))
        return VALUE_ERROR;
    size_t count = slice_clip((size_t)view->shape[0], &start, &stop, step);
    MemoryView *part = view_copy(vm, view);
    if (!part) return VALUE_ERROR;
    int64_t stride = view_strides(view)[0];
    part->start = count ? (size_t)((int64_t)view->start + start * stride) : 0;
    part->items = view->shape[0] ? view->items / (size_t)view->shape[0] * count : 0;
    part->shape[0] = (int64_t)count;
    view_strides(part)[0] = (int64_t)((uint64_t)step * (uint64_t)stride); // of one item it may be as long as it likes
    return value_object(part);
}

static Value memoryview_get_item(VM *vm, Value self, Value key) {
    MemoryView *view = view_live(vm, self);
    if (!view) return VALUE_ERROR;
    int64_t at;
    if (is_kind(key, KIND_SLICE)) return slice_of(vm, self, key);
    if (key.bits == VALUE_ELLIPSIS.bits)
        return view->dimensions ? object_or_error(view_copy(vm, view)) : self;
    if (!item_place(vm, self, key, &at)) return VALUE_ERROR;
    return item_read(vm, view->format, view_base(view) + at);
}

// Items by their values: the bytes of what is assigned must be laid out as the slice is.
static int assign_slice(VM *vm, Value self, Value key, Value value) {
    if (memoryview_of(self)->dimensions > 1) {
        raise_error(vm, vm->exceptions.not_implemented_error,
                    "memoryview slice assignments are currently restricted to ndim = 1");
        return -1;
    }
    Value part = slice_of(vm, self, key);
    if (is_error(part)) return -1;
    MemoryView *target = memoryview_of(part);
    Value source =
        is_kind(value, KIND_MEMORYVIEW) ? value : memoryview_from(vm, value, BUFFER_FULL_READ_ONLY);
    MemoryView *from = is_error(source) ? NULL : view_live(vm, source);
    if (!from) return -1;
    if (from->format != target->format || from->dimensions != 1 || from->items != target->items) {
        raise_value_error(vm, "memoryview assignment: lvalue and rvalue have different structures");
        return -1;
    }
    Bytes *copy = view_to_bytes(vm, from, false); // both may be the same memory
    if (!copy || !view_live(vm, part)) return -1;
    for (size_t i = 0; i < target->items; i++)
        memcpy(view_base(target) + (int64_t)i * view_strides(target)[0], copy->data + i * target->item,
               target->item);
    return 1;
}

static int memoryview_set_item(VM *vm, Value self, Value key, Value value) {
    MemoryView *view = view_live(vm, self);
    if (!view) return -1;
    if (view->is_readonly) return raise_type_error(vm, "cannot modify read-only memory"), -1;
    if (is_empty(value)) return raise_type_error(vm, "cannot delete memory"), -1;
    int64_t at;
    if (is_kind(key, KIND_SLICE)) return assign_slice(vm, self, key, value);
    if (key.bits == VALUE_ELLIPSIS.bits && !view->dimensions)
        at = 0;
    else if (view->dimensions > 1 && has_index(vm, key))
        return raise_error(vm, vm->exceptions.not_implemented_error, "sub-views are not implemented"), -1;
    else if (!item_place(vm, self, key, &at))
        return -1;
    unsigned char bytes[8];
    ItemStatus status = item_write(vm, view->format, value, bytes);
    if (status == ITEM_ERROR) return -1;
    if (status == ITEM_WRONG_TYPE)
        return raise_type_error(vm, "memoryview: invalid type for format '%c'", view->format), -1;
    if (status == ITEM_WRONG_VALUE)
        return raise_value_error(vm, "memoryview: invalid value for format '%c'", view->format), -1;
    if (!view_live(vm, self)) return -1; // turning the value into a number may have done anything
    memcpy(view_base(view) + at, bytes, view->item);
    return 1;
}

static Value memoryview_iterate(VM *vm, Value self) {
    MemoryView *view = view_live(vm, self);
    if (!view) return VALUE_ERROR;
    if (!view->dimensions) return raise_type_error(vm, "invalid indexing of 0-dim memory");
    if (view->dimensions > 1)
        return raise_error(vm, vm->exceptions.not_implemented_error,
                           "multi-dimensional sub-views are not implemented");
    return has_known_format(vm, view) ? iterator_new(vm, ITERATE_BYTES, self) : VALUE_ERROR;
}

static int64_t memoryview_length(VM *vm, Value self) {
    MemoryView *view = view_live(vm, self);
    if (!view) return -1;
    if (!view->dimensions) return raise_type_error(vm, "0-dim memory has no length"), -1;
    return view->shape[0];
}

// ---- Other operations

static void memoryview_trace(VM *vm, Object *o) {
    MemoryView *view = (MemoryView *)o;
    heap_mark(vm, view->owner);
    heap_mark(vm, view->exporter);
    heap_mark(vm, view->made_by_script);
}

static Value memoryview_repr(VM *vm, Value self) {
    const char *word = is_none(memoryview_of(self)->owner) ? "released memory" : "memory";
    return object_or_error(string_format(vm, "<%s at %p>", word, (void *)object_of(self)));
}

static int memoryview_hash(VM *vm, Value self, uint64_t *out) {
    MemoryView *view = view_live(vm, self);
    if (!view) return -1;
    if (!view->is_readonly) return raise_value_error(vm, "cannot hash writable memoryview object"), -1;
    if (view->format != 'B' && view->format != 'b' && view->format != 'c')
        return raise_value_error(vm, "memoryview: hashing is restricted to formats 'B', 'b' or 'c'"), -1;
    Bytes *bytes = view_to_bytes(vm, view, false);
    return bytes ? value_hash(vm, value_object(bytes), out) : -1;
}

// Equal are views of the same shape whose items have equal values, whatever their formats.
static Value memoryview_compare(VM *vm, Comparison op, Value self, Value other) {
    if (op != COMPARISON_EQ && op != COMPARISON_NE) return VALUE_NOT_IMPLEMENTED;
    bool same = self.bits == other.bits;
    Value sides[2] = {self, other};
    for (int i = 0; i < 2; i++) {
        const unsigned char *data;
        size_t length;
        bool is_view = is_kind(sides[i], KIND_MEMORYVIEW);
        if (is_view && is_none(memoryview_of(sides[i])->owner))
            return value_bool(same == (op == COMPARISON_EQ));
        if (is_view && !view_live(vm, sides[i])) return VALUE_ERROR;
        if (is_view) continue;
        if (!bytes_view(sides[i], &data, &length)) return VALUE_NOT_IMPLEMENTED;
        sides[i] = memoryview_from(vm, sides[i], BUFFER_FULL_READ_ONLY);
        if (is_error(sides[i])) return VALUE_ERROR;
    }
    int equal = view_equal(vm, memoryview_of(sides[0]), memoryview_of(sides[1]));
    return equal < 0 ? VALUE_ERROR : value_bool(equal == (op == COMPARISON_EQ));
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
