// _random: the Mersenne Twister (MT19937, Matsumoto and Nishimura 1998), seeds and the system's entropy, which random stands on.
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "base/sha512.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "modules/system/file.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"

enum { WORDS = 624, SHIFT = 397 };

typedef struct {
    NativeData data;
    uint32_t next; // of the state's words the one that is given out next
    uint32_t state[WORDS];
} Twister;

static Twister *twister_of(Value v) { return (Twister *)object_of(v); }

static void seed_with_word(Twister *t, uint32_t seed) {
    t->state[0] = seed;
    for (uint32_t i = 1; i < WORDS; i++) t->state[i] = 1812433253u * (t->state[i - 1] ^ t->state[i - 1] >> 30) + i;
    t->next = WORDS;
}

// The authors' initialisation by an array of words, here little-endian bytes.
static void seed_with_bytes(Twister *t, const unsigned char *key, size_t words) {
    seed_with_word(t, 19650218u);
    uint32_t *s = t->state;
    size_t i = 1, j = 0;
    for (size_t k = words > WORDS ? words : WORDS; k; k--) {
        uint32_t word = (uint32_t)key[4 * j] | (uint32_t)key[4 * j + 1] << 8 | (uint32_t)key[4 * j + 2] << 16 | (uint32_t)key[4 * j + 3] << 24;
        s[i] = (s[i] ^ (s[i - 1] ^ s[i - 1] >> 30) * 1664525u) + word + (uint32_t)j;
        if (++i == WORDS) s[0] = s[WORDS - 1], i = 1;
        if (++j == words) j = 0;
    }
    for (size_t k = WORDS - 1; k; k--) {
        s[i] = (s[i] ^ (s[i - 1] ^ s[i - 1] >> 30) * 1566083941u) - (uint32_t)i;
        if (++i == WORDS) s[0] = s[WORDS - 1], i = 1;
    }
    s[0] = 0x80000000u;
}

static uint32_t twist(uint32_t high, uint32_t low, uint32_t far) {
    uint32_t y = (high & 0x80000000u) | (low & 0x7fffffffu);
    return far ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
}

static uint32_t next_word(Twister *t) {
    if (t->next >= WORDS) {
        for (uint32_t i = 0; i < WORDS; i++)
            t->state[i] = twist(t->state[i], t->state[(i + 1) % WORDS], t->state[(i + SHIFT) % WORDS]);
        t->next = 0;
    }
    uint32_t y = t->state[t->next++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

// ---- Methods

static const TypeOps twister_ops = {0};

static Value twister_new(VM *vm, Value *args, size_t count) {
    Twister *t = native_data_new(vm, (Class *)object_of(args[0]), sizeof(Twister));
    if (!t) return VALUE_ERROR;
    seed_with_word(t, 5489u);
    return value_object(t);
}

static Value twister_random(VM *vm, Value *args, size_t count) {
    Twister *t = twister_of(args[0]);
    uint32_t high = next_word(t) >> 5, low = next_word(t) >> 6;
    return value_float((high * 67108864.0 + low) * (1.0 / 9007199254740992.0));
}

static Value twister_bits(VM *vm, Value *args, size_t count) {
    int bits;
    if (!c_int_argument(vm, args[1], &bits)) return VALUE_ERROR;
    if (bits < 0) return raise_value_error(vm, "number of bits must be non-negative");
    Twister *t = twister_of(args[0]);
    if (!bits) return value_small(0);
    if (bits <= 32) return value_small(next_word(t) >> (32 - bits));
    if (bits <= 64) {
        uint64_t low = next_word(t), high = next_word(t);
        return int_from_uint64(vm, high >> (64 - bits) << 32 | low);
    }
    size_t words = ((size_t)bits + 31) / 32;
    Bytes *bytes = bytes_new(vm, NULL, words * 4);
    if (!bytes) return VALUE_ERROR;
    for (size_t i = 0; i < words; i++) {
        uint32_t word = next_word(t);
        if (i == words - 1 && bits % 32) word >>= 32 - bits % 32;
        for (int byte = 0; byte < 4; byte++) bytes->data[4 * i + byte] = (unsigned char)(word >> 8 * byte);
        if (!(i & 1023) && !vm_poll(vm, 1024)) return VALUE_ERROR;
    }
    String *name = string_from(vm, "from_bytes"), *order = string_from(vm, "little");
    if (!name || !order) return VALUE_ERROR;
    Value make = value_get_attribute(vm, value_object(vm->classes.integer), name);
    if (is_error(make)) return make;
    Value arguments[2] = {value_object(bytes), value_object(order)};
    return vm_call(vm, make, arguments, 2, NULL);
}

// Little-endian bytes, a multiple of four of them and at least four.
static Value twister_seed(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t length;
    if (!bytes_view(args[1], &data, &length) || !length || length % 4) return raise_type_error(vm, "words are wanted, as bytes");
    vm_count_work(vm, length / 4);
    seed_with_bytes(twister_of(args[0]), data, length / 4);
    return VALUE_NONE;
}

static Value twister_get_state(VM *vm, Value *args, size_t count) {
    Twister *t = twister_of(args[0]);
    Tuple *state = tuple_new(vm, WORDS + 1);
    if (!state) return VALUE_ERROR;
    for (size_t i = 0; i < WORDS; i++) state->items[i] = value_small(t->state[i]);
    state->items[WORDS] = value_small(t->next);
    return value_object(state);
}

static Value twister_set_state(VM *vm, Value *args, size_t count) {
    if (!is_tuple(args[1])) return raise_type_error(vm, "state vector must be a tuple");
    Tuple *state = tuple_of(args[1]);
    if (state->length != WORDS + 1) return raise_value_error(vm, "state vector is the wrong size");
    uint32_t words[WORDS];
    for (size_t i = 0; i <= WORDS; i++) {
        int64_t n;
        if (!is_int(state->items[i])) return raise_type_error(vm, "an integer is required");
        if (int_sign(state->items[i]) < 0) return raise_overflow_error(vm, "can't convert negative value to unsigned int");
        if (!int_to_int64(state->items[i], &n)) return raise_overflow_error(vm, "Python int too large to convert to C unsigned long");
        if (i < WORDS) words[i] = (uint32_t)n;
        else if (n > WORDS) return raise_value_error(vm, "invalid state");
    }
    Twister *t = twister_of(args[0]);
    memcpy(t->state, words, sizeof words);
    t->next = (uint32_t)small_of(int_plain(vm, state->items[WORDS]));
    return VALUE_NONE;
}

// ---- Functions

// Bytes that nobody can foretell.
static Value random_entropy(VM *vm, Value *args, size_t count) {
    int64_t size;
    if (!size_argument(vm, args[0], &size)) return VALUE_ERROR;
    if (size < 0) return raise_value_error(vm, "negative argument not allowed");
    Bytes *bytes = bytes_new(vm, NULL, (size_t)size);
    if (!bytes) return VALUE_ERROR;
    for (size_t done = 0; done < bytes->length;) {
        size_t part = bytes->length - done < 65536 ? bytes->length - done : 65536;
        ssize_t n = getrandom(bytes->data + done, part, 0);
        if (n < 0 && errno != EINTR) return raise_os_error(vm, errno, VALUE_EMPTY);
        if (n > 0) done += (size_t)n;
        if (!vm_poll(vm, part / 8 + 1)) return VALUE_ERROR;
    }
    return value_object(bytes);
}

static Value random_sha512(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t length;
    if (!bytes_view(args[0], &data, &length))
        return raise_type_error(vm, "object supporting the buffer API required");
    Bytes *digest = bytes_new(vm, NULL, SHA512_SIZE);
    if (!digest) return VALUE_ERROR;
    vm_count_work(vm, length / 8);
    sha512(data, length, digest->data);
    return value_object(digest);
}

static const NativeDefinition functions[] = {{"entropy", random_entropy, "size, /", NATIVE_METHOD,
                                              "So many bytes that nobody can guess, from the operating system."},
                                             {"sha512", random_sha512, "data, /", NATIVE_METHOD},
                                             {0}};
static const NativeDefinition methods[] = {{"__new__", twister_new, "cls, /, *args, **keywords", NATIVE_NEW},
                                           {"random", twister_random, "self, /", NATIVE_METHOD, "A float of the interval [0, 1)."},
                                           {"getrandbits", twister_bits, "self, k, /", NATIVE_METHOD, "An int of k random bits."},
                                           {"_seed", twister_seed, "self, words, /", NATIVE_METHOD},
                                           {"getstate", twister_get_state, "self, /", NATIVE_METHOD, "The state, for setstate."},
                                           {"setstate", twister_set_state, "self, state, /", NATIVE_METHOD, "Goes on from a state."},
                                           {0}};

bool random_module_fill(VM *vm, ModuleObject *module) {
    Class *twister = native_data_class(vm, "_random", "Random", &twister_ops, sizeof(Twister), 0);
    return twister && native_add_methods(vm, twister, methods) >= 0 && native_add_functions(vm, module->namespace, functions) > 0 &&
           add_value(vm, module->namespace, "Random", value_object(twister));
}
