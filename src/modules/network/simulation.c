// aioli.simulate_network(): how the network of virtual time behaves.
#include <math.h>
#include <string.h>

#include "loop/loop.h"
#include "modules/modules.h"
#include "modules/network/network_internal.h"
#include "object/container/dict.h"

// A number of at least 0, and at most `most`. False with an exception. [script]
static bool amount(VM *vm, Value v, const char *name, double most, double *out) {
    *out = 0;
    if (is_empty(v) || is_none(v)) return true;
    if (!value_to_double(vm, v, out)) return false;
    if (*out >= 0 && *out <= most) return true;
    raise_value_error(vm, most == 1 ? "%s must be from 0 to 1" : "%s must not be negative", name);
    return false;
}

// The names and addresses of a dict in one block. False with an exception.
static bool take_hosts(VM *vm, Value v, char ***hosts, size_t *size) {
    *hosts = NULL;
    *size = 0;
    if (is_empty(v) || is_none(v)) return true;
    if (!is_dict(v)) return raise_type_error(vm, "hosts must be a dict, not %s", type_name(vm, v)), false;
    Value key, value;
    size_t total = sizeof(char *), count = 0;
    for (size_t at = 0; dict_next(dict_of(v), &at, &key, &value); count++) {
        if (!is_string(key) || !is_string(value)) return raise_type_error(vm, "hosts must be names and addresses, as str"), false;
        total += 2 * sizeof(char *) + string_of(key)->size + string_of(value)->size + 2;
    }
    char **block = heap_resize(vm, NULL, 0, total);
    if (!block) return raise_memory_error(vm), false;
    char *text = (char *)(block + 2 * count + 1);
    size_t next = 0;
    for (size_t at = 0; dict_next(dict_of(v), &at, &key, &value);) {
        Value both[] = {key, value};
        for (size_t i = 0; i < 2; i++) {
            const String *s = string_of(both[i]);
            block[next++] = text;
            memcpy(text, s->data, s->size);
            text[s->size] = 0;
            text += s->size + 1;
        }
    }
    block[next] = NULL;
    *hosts = block;
    *size = total;
    return true;
}

// latency, jitter, bandwidth, loss, reorder, seed, hosts
static Value simulate_network(VM *vm, Value *args, size_t count) {
    Loop *loop = loop_of(vm);
    NetworkSettings set = {0};
    int64_t seed = 0;
    if (!loop->use_virtual_time) return raise_runtime_error(vm, "the network is simulated on virtual time only: run with --virtual-time");
    if (!amount(vm, args[0], "latency", INFINITY, &set.latency) || !amount(vm, args[1], "jitter", INFINITY, &set.jitter) ||
        !amount(vm, args[2], "bandwidth", INFINITY, &set.bandwidth) || !amount(vm, args[3], "loss", 1, &set.loss) ||
        !amount(vm, args[4], "reorder", 1, &set.reorder) || (!is_empty(args[5]) && !value_index_int64(vm, args[5], true, &seed)) ||
        !take_hosts(vm, args[6], &set.hosts, &set.hosts_size))
        return VALUE_ERROR;
    if (isinf(set.latency) || isinf(set.jitter)) {
        heap_resize(vm, set.hosts, set.hosts_size, 0);
        return raise_value_error(vm, "latency and jitter must be finite");
    }
    set.seed = is_empty(args[5]) ? loop->shuffle : (uint64_t)seed;
    set.descriptors = loop->network.descriptors;
    heap_resize(vm, loop->network.hosts, loop->network.hosts_size, 0);
    loop->network = set;
    if (loop->driver && loop->driver->network) network_reseed(loop->driver->network);
    return VALUE_NONE;
}

const NativeDefinition simulation_functions[] = {
    {"simulate_network", simulate_network, "*, latency=0, jitter=0, bandwidth=None, loss=0, reorder=0, seed=, hosts=None", NATIVE_METHOD,
     "On virtual time sockets are in memory: how many seconds what they send takes and at random up to how many more, how many bytes a second one "
     "direction of a connection takes, how many of all packets are lost and how many datagrams overtaken, 0 to 1, by which seed, and which names "
     "hosts have at which addresses."},
    {0}};
