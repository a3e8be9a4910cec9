#include "object/text/item.h"

#include "object/shared/builtin.h"
#include "object/text/bytes.h"

// How the letters' items are laid out.
typedef enum { ITEM_NONE, ITEM_SIGNED, ITEM_UNSIGNED, ITEM_FLOATING, ITEM_BOOL, ITEM_CHARACTER } ItemClass;
typedef struct {
    ItemClass kind;
    size_t size;
} Layout;

static Layout layout_of(char format) {
    switch (format) {
    case 'c': return (Layout){ITEM_CHARACTER, 1};
    case '?': return (Layout){ITEM_BOOL, sizeof(bool)};
    case 'b': return (Layout){ITEM_SIGNED, 1};
    case 'B': return (Layout){ITEM_UNSIGNED, 1};
    case 'h': return (Layout){ITEM_SIGNED, sizeof(short)};
    case 'H': return (Layout){ITEM_UNSIGNED, sizeof(short)};
    case 'i': return (Layout){ITEM_SIGNED, sizeof(int)};
    case 'I': return (Layout){ITEM_UNSIGNED, sizeof(int)};
    case 'l': return (Layout){ITEM_SIGNED, sizeof(long)};
    case 'L': return (Layout){ITEM_UNSIGNED, sizeof(long)};
    case 'q': return (Layout){ITEM_SIGNED, sizeof(long long)};
    case 'Q': return (Layout){ITEM_UNSIGNED, sizeof(long long)};
    case 'n': return (Layout){ITEM_SIGNED, sizeof(size_t)};
    case 'N': return (Layout){ITEM_UNSIGNED, sizeof(size_t)};
    case 'P': return (Layout){ITEM_UNSIGNED, sizeof(void *)};
    case 'f': return (Layout){ITEM_FLOATING, sizeof(float)};
    case 'd': return (Layout){ITEM_FLOATING, sizeof(double)};
    default: return (Layout){ITEM_NONE, 0};
    }
}

size_t item_size(char format) { return layout_of(format).size; }

static uint64_t read_word(const unsigned char *at, size_t size) {
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (size) {
    case 1: return memcpy(&one, at, 1), one;
    case 2: return memcpy(&two, at, 2), two;
    case 4: return memcpy(&four, at, 4), four;
    default: return memcpy(&eight, at, 8), eight;
    }
}

static void write_word(unsigned char *to, size_t size, uint64_t word) {
    uint8_t one = (uint8_t)word;
    uint16_t two = (uint16_t)word;
    uint32_t four = (uint32_t)word;
    switch (size) {
    case 1: memcpy(to, &one, 1); break;
    case 2: memcpy(to, &two, 2); break;
    case 4: memcpy(to, &four, 4); break;
    default: memcpy(to, &word, 8); break;
    }
}

Value item_read(VM *vm, char format, const unsigned char *at) {
    Layout layout = layout_of(format);
    uint64_t word;
    switch (layout.kind) {
    case ITEM_CHARACTER: return object_or_error(bytes_new(vm, at, 1));
    case ITEM_BOOL: return value_bool(*at != 0);
    case ITEM_SIGNED: {
        word = read_word(at, layout.size);
        int spare = 64 - 8 * (int)layout.size;
        return int_from_int64(vm, (int64_t)(word << spare) >> spare);
    }
    case ITEM_UNSIGNED: return int_from_uint64(vm, read_word(at, layout.size));
    default: break;
    }
    if (layout.size == sizeof(float)) {
        float single;
        memcpy(&single, at, sizeof single);
        return value_float(single);
    }
    double number;
    memcpy(&number, at, sizeof number);
    return value_float(number);
}

static ItemStatus write_integer(VM *vm, Layout layout, Value value, unsigned char *to) {
    if (!has_index(vm, value)) return ITEM_WRONG_TYPE;
    value = value_index(vm, value);
    if (is_error(value)) return ITEM_ERROR;
    int64_t number;
    if (!int_to_int64(value, &number)) {
        // Above those are the upper half of the unsigned ones.
        if (layout.kind == ITEM_SIGNED || layout.size < 8 || int_sign(value) < 0 || int_bit_length(value) > 64) return ITEM_WRONG_VALUE;
        const mp_int *big = &((BigInt *)object_of(value))->number;
        write_word(to, 8, mp_get_mag_u64(big));
        return ITEM_WRITTEN;
    }
    if (layout.size < 8) {
        int bits = 8 * (int)layout.size;
        int64_t least = layout.kind == ITEM_SIGNED ? -((int64_t)1 << (bits - 1)) : 0;
        int64_t most = layout.kind == ITEM_SIGNED ? ((int64_t)1 << (bits - 1)) - 1 : ((int64_t)1 << bits) - 1;
        if (number < least || number > most) return ITEM_WRONG_VALUE;
    } else if (layout.kind == ITEM_UNSIGNED && number < 0) {
        return ITEM_WRONG_VALUE;
    }
    write_word(to, layout.size, (uint64_t)number);
    return ITEM_WRITTEN;
}

static ItemStatus write_floating(VM *vm, Layout layout, Value value, unsigned char *to) {
    if (is_string(value) || is_kind(value, KIND_BYTES)) return ITEM_WRONG_TYPE;
    double number;
    if (!value_to_double(vm, value, &number)) {
        if (!exception_matches(vm, vm->exceptions.type_error)) return ITEM_ERROR;
        exception_clear(vm);
        return ITEM_WRONG_TYPE;
    }
    float single = (float)number;
    if (layout.size == sizeof single)
        memcpy(to, &single, sizeof single);
    else
        memcpy(to, &number, sizeof number);
    return ITEM_WRITTEN;
}

ItemStatus item_write(VM *vm, char format, Value value, unsigned char *to) {
    Layout layout = layout_of(format);
    switch (layout.kind) {
    case ITEM_CHARACTER: {
        if (!is_kind(value, KIND_BYTES)) return ITEM_WRONG_TYPE;
        const Bytes *bytes = (Bytes *)object_of(value);
        if (bytes->length != 1) return ITEM_WRONG_VALUE;
        *to = bytes->data[0];
        return ITEM_WRITTEN;
    }
    case ITEM_BOOL: {
        int truth = value_truth(vm, value);
        if (truth < 0) return ITEM_ERROR;
        *to = truth == 1;
        return ITEM_WRITTEN;
    }
    case ITEM_FLOATING: return write_floating(vm, layout, value, to);
    default: return write_integer(vm, layout, value, to);
    }
}
