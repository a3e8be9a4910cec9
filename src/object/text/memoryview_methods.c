// The methods and attributes of memoryview, and what goes through all of its items.
#include "object/text/item.h"
#include "object/text/memoryview_internal.h"

// ---- All items

// Indexes of an item, counted through all of a shape; the last one runs fastest, or the first.
typedef struct {
    int64_t index[MOST_DIMENSIONS];
} Walk;

static int64_t place_of(const MemoryView *view, const Walk *walk) {
    int64_t at = 0;
    for (int i = 0; i < view->dimensions; i++) at += walk->index[i] * view_strides(view)[i];
    return at;
}

static void go_on(const MemoryView *view, Walk *walk, bool from_first) {
    for (int n = 0; n < view->dimensions; n++) {
        int i = from_first ? n : view->dimensions - 1 - n;
        if (++walk->index[i] < view->shape[i]) return;
        walk->index[i] = 0;
    }
}

Bytes *view_to_bytes(VM *vm, const MemoryView *view, bool from_first) {
    size_t size = view->items * view->item;
    vm_count_work(vm, work_of_bytes(size) + (view->dimensions > 1 ? view->items : view->items / 4));
    if (view_is_contiguous(view, from_first)) return bytes_new(vm, view_base(view), size);
    Bytes *bytes = bytes_new(vm, NULL, size);
    Walk walk = {{0}};
    for (size_t i = 0; bytes && i < view->items; i++, go_on(view, &walk, from_first))
        memcpy(bytes->data + i * view->item, view_base(view) + place_of(view, &walk), view->item);
    return bytes;
}

Value memoryview_all(VM *vm, Value v) {
    MemoryView *view = view_live(vm, v);
    return view ? object_or_error(view_to_bytes(vm, view, false)) : VALUE_ERROR;
}

int view_equal(VM *vm, const MemoryView *a, const MemoryView *b) {
    if (a->dimensions != b->dimensions) return 0;
    for (int i = 0; i < a->dimensions; i++)
        if (a->shape[i] != b->shape[i]) return 0;
    bool by_bytes = a->format == b->format && a->format != 'f' && a->format != 'd' && a->format != '?';
    if (!by_bytes && (!item_size(a->format) || !item_size(b->format))) return a == b;
    Walk walk = {{0}};
    for (size_t i = 0; i < a->items; i++, go_on(a, &walk, false)) {
        if (!vm_poll(vm, 1)) return -1;
        const unsigned char *x = view_base(a) + place_of(a, &walk), *y = view_base(b) + place_of(b, &walk);
        int equal;
        if (by_bytes) {
            equal = memcmp(x, y, a->item) == 0;
        } else {
            Value left = item_read(vm, a->format, x), right = item_read(vm, b->format, y);
            if (is_error(left) || is_error(right)) return -1;
            // Values of items are numbers and bytes: comparing them runs no script. A NaN equals nothing.
            bool both = is_float(left) && is_float(right);
            equal = both ? float_of(left) == float_of(right) : value_equal(vm, left, right);
        }
        if (equal <= 0) return equal;
    }
    return 1;
}

// A list of the items of a dimension, from a place on; of lists where there are further ones.
static Value list_of_items(VM *vm, const MemoryView *view, int dimension, int64_t at) {
    if (dimension == view->dimensions) return item_read(vm, view->format, view_base(view) + at);
    int64_t count = view->shape[dimension];
    List *list = list_new(vm, (size_t)count);
    for (int64_t i = 0; list && i < count; i++) {
        if (!vm_poll(vm, 1)) return VALUE_ERROR;
        Value item = list_of_items(vm, view, dimension + 1, at + i * view_strides(view)[dimension]);
        if (is_error(item) || !list_append(vm, list, item)) return VALUE_ERROR;
    }
    return object_or_error(list);
}

// ---- Making

Value memoryview_from(VM *vm, Value v, int flags) {
    if (is_kind(v, KIND_MEMORYVIEW)) {
        MemoryView *view = view_live(vm, v);
        return view ? object_or_error(view_copy(vm, view)) : VALUE_ERROR;
    }
    if (is_kind(v, KIND_BYTES)) return memoryview_new(vm, v);
    if (is_kind(v, KIND_BYTEARRAY)) {
        Class *cls = class_of(vm, v);
        return cls->ops->view ? cls->ops->view(vm, v) : memoryview_new(vm, v);
    }
    Value method = class_special(vm, class_of(vm, v), SPECIAL_BUFFER);
    if (is_empty(method))
        return raise_type_error(vm, "memoryview: a bytes-like object is required, not '%s'",
                                type_name(vm, v));
    Value wanted = value_small(flags), made = value_call_special(vm, v, SPECIAL_BUFFER, &wanted, 1);
    if (is_error(made)) return made;
    if (!is_kind(made, KIND_MEMORYVIEW))
        return raise_type_error(vm, "__buffer__ returned non-memoryview object");
    MemoryView *view = view_live(vm, made);
    if (!view || !(view = view_copy(vm, view))) return VALUE_ERROR;
    view->exporter = v;
    view->made_by_script = made;
    return value_object(view);
}

static Value memoryview_dunder_new(VM *vm, Value *args, size_t count) {
    if (!builtin_new_class(vm, args[0], vm->classes.memoryview)) return VALUE_ERROR;
    return memoryview_from(vm, args[1], BUFFER_FULL_READ_ONLY);
}

// ---- Methods

static Value memoryview_tobytes(VM *vm, Value *args, size_t count) {
    MemoryView *view = view_live(vm, args[0]);
    if (!view) return VALUE_ERROR;
    bool from_first = false;
    if (!is_empty(args[1]) && !is_none(args[1])) {
        if (!is_string(args[1]))
            return raise_type_error(vm, "tobytes() argument 'order' must be str or None, not %s",
                                    type_name(vm, args[1]));
        String *order = string_of(args[1]);
        if (!string_is(order, "C") && !string_is(order, "F") && !string_is(order, "A"))
            return raise_value_error(vm, "order must be 'C', 'F' or 'A'");
        bool by_layout =
            string_is(order, "A") && view_is_contiguous(view, true) && !view_is_contiguous(view, false);
        from_first = string_is(order, "F") || by_layout;
    }
    return object_or_error(view_to_bytes(vm, view, from_first));
}

static Value memoryview_tolist(VM *vm, Value *args, size_t count) {
    MemoryView *view = view_live(vm, args[0]);
    if (!view) return VALUE_ERROR;
    if (!item_size(view->format))
        return raise_error(vm, vm->exceptions.not_implemented_error, "memoryview: format %c not supported",
                           view->format);
    return list_of_items(vm, view, 0, 0);
}

static Value memoryview_hex(VM *vm, Value *args, size_t count) {
    MemoryView *view = view_live(vm, args[0]);
    Bytes *bytes = view ? view_to_bytes(vm, view, false) : NULL;
    return bytes ? bytes_hex(vm, value_object(bytes), args[1], args[2]) : VALUE_ERROR;
}

static Value view_release(VM *vm, MemoryView *view) {
    Value made = view->made_by_script, exporter = view->exporter;
    view->owner = view->exporter = VALUE_NONE;
    view->made_by_script = VALUE_EMPTY;
    if (is_empty(made) || !is_object(made)) return VALUE_NONE;
    // A class with __buffer__ may want to know.
    if (is_empty(class_special(vm, class_of(vm, exporter), SPECIAL_RELEASE_BUFFER))) return VALUE_NONE;
    Value result = value_call_special(vm, exporter, SPECIAL_RELEASE_BUFFER, &made, 1);
    return is_error(result) ? result : VALUE_NONE;
}

static Value memoryview_release(VM *vm, Value *args, size_t count) {
    return view_release(vm, memoryview_of(args[0]));
}

Value bytes_of_buffer(VM *vm, Value v, int flags) {
    bool is_view = is_kind(v, KIND_MEMORYVIEW);
    Value view = is_view ? v : memoryview_from(vm, v, flags),
          bytes = is_error(view) ? view : memoryview_all(vm, view);
    if (is_view || is_error(bytes)) return bytes;
    return is_error(view_release(vm, memoryview_of(view))) ? VALUE_ERROR : bytes;
}

bool bytes_view_any(VM *vm, Value *v, const unsigned char **data, size_t *length) {
    if (bytes_view(*v, data, length)) return true;
    bool exports = is_object(*v) && (is_kind(*v, KIND_MEMORYVIEW) ||
                                     !is_empty(class_special(vm, class_of(vm, *v), SPECIAL_BUFFER)));
    Value bytes = exports ? bytes_of_buffer(vm, *v, BUFFER_SIMPLE) : VALUE_EMPTY;
    if (!exports || is_error(bytes)) return false;
    *v = bytes;
    return bytes_view(bytes, data, length);
}

static Value memoryview_enter(VM *vm, Value *args, size_t count) {
    return view_live(vm, args[0]) ? args[0] : VALUE_ERROR;
}

static Value memoryview_toreadonly(VM *vm, Value *args, size_t count) {
    MemoryView *view = view_live(vm, args[0]);
    if (!view || !(view = view_copy(vm, view))) return VALUE_ERROR;
    view->is_readonly = true;
    return value_object(view);
}

// ---- Casting

// One letter, perhaps behind an '@'. 0: it is none that memory can be cast to.
static char native_format(const String *format) {
    const char *at = format->data;
    size_t size = format->size;
    if (size == 2 && *at == '@') at++, size--;
    return size == 1 && item_size(*at) ? *at : 0;
}

static bool is_byte_format(char format) { return format == 'B' || format == 'b' || format == 'c'; }

// The shape that a cast asks for. False with an exception. [script]
static bool take_shape(VM *vm, Value shape, int64_t *out, int *dimensions) {
    if (!is_list(shape) && !is_tuple(shape))
        return raise_type_error(vm, "shape must be a list or a tuple"), false;
    Tuple *items = tuple_from_iterable(vm, shape);
    if (!items) return false;
    if (items->length > MOST_DIMENSIONS) {
        raise_value_error(vm, "memoryview: number of dimensions must not exceed %d", MOST_DIMENSIONS);
        return false;
    }
    *dimensions = (int)items->length;
    for (size_t i = 0; i < items->length; i++) {
        if (!is_int(items->items[i]))
            return raise_type_error(vm, "memoryview.cast(): elements of shape must be integers"), false;
        if (!int_to_int64(items->items[i], &out[i]) || out[i] <= 0) {
            raise_value_error(vm, "memoryview.cast(): elements of shape must be integers > 0");
            return false;
        }
    }
    return true;
}

static Value cast_to(VM *vm, const MemoryView *view, char format, bool has_sign, const int64_t *shape,
                     int dimensions) {
    size_t size = item_size(format), bytes = view->items * view->item, items = 1;
    for (int i = 0; i < dimensions; i++)
        if (__builtin_mul_overflow(items, (size_t)shape[i], &items)) items = SIZE_MAX / 16;
    if (items > SIZE_MAX / 16 || items * size != bytes)
        return raise_type_error(vm, "memoryview: product(shape) * itemsize != buffer size");
    MemoryView *result = view_new(vm, view, dimensions);
    if (!result) return VALUE_ERROR;
    result->format = format;
    result->has_sign = has_sign;
    result->item = (uint8_t)size;
    result->items = items;
    int64_t stride = (int64_t)size;
    for (int i = dimensions - 1; i >= 0; i--) {
        result->shape[i] = shape[i];
        view_strides(result)[i] = stride;
        stride *= shape[i];
    }
    return value_object(result);
}

static Value memoryview_cast(VM *vm, Value *args, size_t count) {
    MemoryView *view = view_live(vm, args[0]);
    if (!view) return VALUE_ERROR;
    if (!is_string(args[1]))
        return raise_type_error(vm, "cast() argument 'format' must be str, not %s", type_name(vm, args[1]));
    if (!view_is_contiguous(view, false))
        return raise_type_error(vm, "memoryview: casts are restricted to C-contiguous views");
    int64_t shape[MOST_DIMENSIONS];
    int dimensions = 1;
    bool has_shape = !is_empty(args[2]) && !is_none(args[2]);
    if (has_shape && !take_shape(vm, args[2], shape, &dimensions)) return VALUE_ERROR;
    if (has_shape && view->dimensions != 1 && dimensions != 1)
        return raise_type_error(vm, "memoryview: cast must be 1D -> ND or ND -> 1D");
    String *text = string_of(args[1]);
    char format = native_format(text);
    const char *which = !format ? "destination" : !item_size(view->format) ? "source" : NULL;
    if (which)
        return raise_value_error(
            vm,
            "memoryview: %s format must be a native single character format prefixed with an optional '@'",
            which);
    if (!is_byte_format(format) && !is_byte_format(view->format))
        return raise_type_error(vm, "memoryview: cannot cast between two non-byte formats");
    size_t bytes = view->items * view->item;
    if (bytes % item_size(format))
        return raise_type_error(vm, "memoryview: length is not a multiple of itemsize");
    if (!has_shape) shape[0] = (int64_t)(bytes / item_size(format));
    return cast_to(vm, view, format, text->size == 2, shape, dimensions);
}

// ---- Attributes

static Value get_obj(VM *vm, Value self) {
    return view_live(vm, self) ? memoryview_of(self)->exporter : VALUE_ERROR;
}
static Value get_nbytes(VM *vm, Value self) {
    MemoryView *view = view_live(vm, self);
    return view ? value_small((int64_t)(view->items * view->item)) : VALUE_ERROR;
}
static Value get_itemsize(VM *vm, Value self) {
    return view_live(vm, self) ? value_small(memoryview_of(self)->item) : VALUE_ERROR;
}
static Value get_ndim(VM *vm, Value self) {
    return view_live(vm, self) ? value_small(memoryview_of(self)->dimensions) : VALUE_ERROR;
}
static Value get_format(VM *vm, Value self) {
    MemoryView *view = view_live(vm, self);
    return view ? object_or_error(string_format(vm, "%s%c", view->has_sign ? "@" : "", view->format))
                : VALUE_ERROR;
}
static Value get_readonly(VM *vm, Value self) {
    return view_live(vm, self) ? value_bool(memoryview_of(self)->is_readonly) : VALUE_ERROR;
}
static Value tuple_of_numbers(VM *vm, const int64_t *numbers, int count) {
    Tuple *tuple = tuple_new(vm, (size_t)count);
    if (!tuple) return VALUE_ERROR;
    for (int i = 0; i < count; i++) {
        tuple->items[i] = int_from_int64(vm, numbers[i]);
        if (is_error(tuple->items[i])) return VALUE_ERROR;
    }
    return value_object(tuple);
}
static Value get_shape(VM *vm, Value self) {
    MemoryView *view = view_live(vm, self);
    return view ? tuple_of_numbers(vm, view->shape, view->dimensions) : VALUE_ERROR;
}
static Value get_strides(VM *vm, Value self) {
    MemoryView *view = view_live(vm, self);
    return view ? tuple_of_numbers(vm, view_strides(view), view->dimensions) : VALUE_ERROR;
}
static Value get_suboffsets(VM *vm, Value self) {
    return view_live(vm, self) ? object_or_error(tuple_new(vm, 0)) : VALUE_ERROR;
}
static Value get_c_contiguous(VM *vm, Value self) {
    MemoryView *view = view_live(vm, self);
    return view ? value_bool(view_is_contiguous(view, false)) : VALUE_ERROR;
}
static Value get_f_contiguous(VM *vm, Value self) {
    MemoryView *view = view_live(vm, self);
    return view ? value_bool(view_is_contiguous(view, true)) : VALUE_ERROR;
}
static Value get_contiguous(VM *vm, Value self) {
    MemoryView *view = view_live(vm, self);
    return view ? value_bool(view_is_contiguous(view, false) || view_is_contiguous(view, true)) : VALUE_ERROR;
}

static const NativeDefinition memoryview_methods[] = {
    {"__new__", memoryview_dunder_new, "cls, /, object", NATIVE_NEW},
    {"__enter__", memoryview_enter, "self, /", NATIVE_METHOD},
    {"__exit__", memoryview_release, "self, /, *args", NATIVE_METHOD},
    {"cast", memoryview_cast, "self, /, format, shape=None", NATIVE_METHOD,
     "A view of the same memory whose items have another format, and where `shape` is given other "
     "dimensions."},
    {"hex", memoryview_hex, "self, /, sep=, bytes_per_sep=", NATIVE_METHOD,
     "Two hexadecimal digits for each byte; `sep` stands between groups of `bytes_per_sep`."},
    {"release", memoryview_release, "self, /", NATIVE_METHOD,
     "Gives the memory back to its owner; any later use of the view raises ValueError."},
    {"tobytes", memoryview_tobytes, "self, /, order='C'", NATIVE_METHOD, "A copy of the memory as bytes."},
    {"tolist", memoryview_tolist, "self, /", NATIVE_METHOD,
     "A list of the items, with a list for each further dimension."},
    {"toreadonly", memoryview_toreadonly, "self, /", NATIVE_METHOD,
     "A view of the same memory that can't be written to."},
    {0},
};
static const AttributeDefinition memoryview_attributes[] = {
    {"obj", get_obj, NULL, "The object whose memory it is."},
    {"nbytes", get_nbytes, NULL, "How many bytes the items take together."},
    {"itemsize", get_itemsize, NULL, "How many bytes an item takes."},
    {"ndim", get_ndim, NULL, "How many dimensions there are."},
    {"format", get_format, NULL, "The format of an item, in the notation of the module struct."},
    {"readonly", get_readonly, NULL, "Whether the memory can only be read."},
    {"shape", get_shape, NULL, "The length of each dimension, a tuple."},
    {"strides", get_strides, NULL, "How many bytes it is to the next item in each dimension, a tuple."},
    {"suboffsets", get_suboffsets, NULL, "Always an empty tuple."},
    {"c_contiguous", get_c_contiguous, NULL,
     "Whether the items lie without gaps, the last index changing fastest."},
    {"f_contiguous", get_f_contiguous, NULL,
     "Whether the items lie without gaps, the first index changing fastest."},
    {"contiguous", get_contiguous, NULL, "Whether the items lie without gaps."},
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
