// The module _abc: how abstract base classes tell their instances and subclasses.
#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/instance.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/shared/builtin.h"

// What is known of an abstract class. The dicts' keys are classes.
typedef struct {
    NativeData data;
    Dict *registry;          // the classes registered with it
    Dict *yes, *no;          // answers that were given before
    uint64_t no_is_of;       // when `no` was begun: it is void once any class has registered another since
} Abstract;

// Classes in answers live as long as these: programs that make classes without end must not keep them all.
enum { MOST_ANSWERS = 1024 };

static void abstract_trace(VM *vm, Object *o) {
    heap_mark_object(vm, ((Abstract *)o)->registry);
    heap_mark_object(vm, ((Abstract *)o)->yes);
    heap_mark_object(vm, ((Abstract *)o)->no);
}
static const TypeOps abstract_ops = {.trace = abstract_trace};

static Value abstract_new(VM *vm, Value *args, size_t count) {
    Abstract *self = native_data_new(vm, (Class *)object_of(args[0]), sizeof(Abstract));
    if (!self || !(self->registry = dict_new(vm)) || !(self->yes = dict_new(vm)) || !(self->no = dict_new(vm))) return VALUE_ERROR;
    self->no_is_of = library_of(vm)->abstract_changes;
    return value_object(self);
}

// What is known of the class, or NULL with TypeError.
static Abstract *abstract_of(VM *vm, Value cls) {
    String *name = string_intern_from(vm, "_abc_impl", 9);
    Value known = name ? dict_get_string(vm, ((Class *)object_of(cls))->attributes, name) : VALUE_ERROR;
    if (is_error(known)) return NULL;
    if (is_native_data(known, &abstract_ops)) return (Abstract *)object_of(known);
    return raise_type_error(vm, "_abc_impl is set to a wrong type"), NULL;
}

// 1, 0, -1
static int knows(VM *vm, Dict *answers, Value cls) {
    Value found = dict_get(vm, answers, cls);
    return is_error(found) ? -1 : !is_empty(found);
}
static int answer(VM *vm, Dict *answers, Value cls, int result) {
    if (answers->length >= MOST_ANSWERS) dict_clear(vm, answers);
    return dict_set(vm, answers, cls, VALUE_NONE) < 0 ? -1 : result;
}

// What the class's own hook says: 1, 0, -1, or 2 when it doesn't know.
static int ask_hook(VM *vm, Value cls, Value subclass) {
    Value said = value_call_method(vm, cls, "__subclasshook__", &subclass, 1);
    if (is_error(said)) return -1;
    if (is_bool(said)) return is_true(said);
    if (is_not_implemented(said)) return 2;
    raise_error(vm, vm->exceptions.assertion_error, NULL);
    return -1;
}

static int is_subclass(VM *vm, Value cls, Value subclass) {
    if (!is_kind(subclass, KIND_CLASS)) return raise_type_error(vm, "issubclass() arg 1 must be a class"), -1;
    Abstract *self = abstract_of(vm, cls);
    int known = self ? knows(vm, self->yes, subclass) : -1;
    if (known) return known;
    if (self->no_is_of != library_of(vm)->abstract_changes) {
        dict_clear(vm, self->no);
        self->no_is_of = library_of(vm)->abstract_changes;
    } else if ((known = knows(vm, self->no, subclass))) {
        return known < 0 ? -1 : 0;
    }
    int said = ask_hook(vm, cls, subclass);
    if (said < 0) return -1;
    if (said != 2) return answer(vm, said ? self->yes : self->no, subclass, said);
    if (class_is_subclass((Class *)object_of(subclass), (Class *)object_of(cls))) return answer(vm, self->yes, subclass, 1);
    if (!recursion_enter(vm, " in __subclasscheck__")) return -1;
    int found = 0;
    // Neither list may be looked through while scripts run: both are copied.
    List *others = list_new(vm, self->registry->length);
    size_t position = 0;
    Value key, value;
    bool whole = others != NULL;
    while (whole && dict_next(self->registry, &position, &key, &value)) whole = list_append(vm, others, key);
    Class *c = (Class *)object_of(cls);
    for (uint32_t i = 0; whole && i < c->subclass_count; i++) whole = list_append(vm, others, value_object(c->subclasses[i]));
    if (!whole) found = -1;
    for (size_t i = 0; found == 0 && i < others->length; i++)
        found = vm_safepoint(vm, 1) ? class_check(vm, subclass, others->items[i], SPECIAL_SUBCLASSCHECK) : -1;
    recursion_leave(vm);
    return found < 0 ? -1 : answer(vm, found ? self->yes : self->no, subclass, found);
}

static Value subclass_check(VM *vm, Value *args, size_t count) {
    int result = is_subclass(vm, args[0], args[1]);
    return result < 0 ? VALUE_ERROR : value_bool(result);
}

// By the class's own __subclasscheck__, which may not be ours.
static int check(VM *vm, Value cls, Value subclass) {
    Value method = class_special(vm, class_of(vm, cls), SPECIAL_SUBCLASSCHECK);
    if (is_native(method) && native_of(method)->function == subclass_check) return is_subclass(vm, cls, subclass);
    Value result = value_call_special(vm, cls, SPECIAL_SUBCLASSCHECK, &subclass, 1);
    return is_error(result) ? -1 : value_truth(vm, result);
}

static Value instance_check(VM *vm, Value *args, size_t count) {
    Class *type = class_of(vm, args[1]);
    Value subtype = value_object(type), subclass = subtype;
    if (!(type->flags & CLASS_BUILTIN)) subclass = value_get_attribute(vm, args[1], vm->names.__class__);
    Abstract *self = is_error(subclass) ? NULL : abstract_of(vm, args[0]);
    int known = self ? knows(vm, self->yes, subclass) : -1;
    if (known) return known < 0 ? VALUE_ERROR : VALUE_TRUE;
    int result = check(vm, args[0], subclass);
    if (!result && !value_same(subclass, subtype)) result = check(vm, args[0], subtype);
    return result < 0 ? VALUE_ERROR : value_bool(result);
}

static Value abstract_register(VM *vm, Value *args, size_t count) {
    Value cls = args[0], subclass = args[1];
    if (!is_kind(subclass, KIND_CLASS)) return raise_type_error(vm, "Can only register classes");
    int already = class_check(vm, subclass, cls, SPECIAL_SUBCLASSCHECK);
    if (already) return already < 0 ? VALUE_ERROR : subclass;
    int cycle = class_check(vm, cls, subclass, SPECIAL_SUBCLASSCHECK);
    if (cycle) return cycle < 0 ? VALUE_ERROR : raise_runtime_error(vm, "Refusing to create an inheritance cycle");
    Abstract *self = abstract_of(vm, cls);
    if (!self || dict_set(vm, self->registry, subclass, VALUE_NONE) < 0) return VALUE_ERROR;
    library_of(vm)->abstract_changes++;
    uint32_t pattern = ((Class *)object_of(cls))->flags & (CLASS_SEQUENCE | CLASS_MAPPING);
    if (pattern) class_set_flags(vm, (Class *)object_of(subclass), pattern);
    return subclass;
}

static Value get_cache_token(VM *vm, Value *args, size_t count) {
    return int_from_int64(vm, (int64_t)library_of(vm)->abstract_changes);
}

// Whether a class or a base of it has all of these methods, none of them None: True, or NotImplemented.
static Value check_methods(VM *vm, Value *args, size_t count) {
    if (!is_kind(args[0], KIND_CLASS)) return raise_type_error(vm, "a class is required");
    for (size_t i = 1; i < count; i++) {
        String *name = is_string(args[i]) ? string_intern(vm, string_of(args[i])) : NULL;
        if (!name) return is_string(args[i]) ? VALUE_ERROR : raise_type_error(vm, "a name is required");
        Value found = class_lookup(vm, (Class *)object_of(args[0]), name);
        if (is_empty(found) || is_none(found)) return VALUE_NOT_IMPLEMENTED;
    }
    return VALUE_TRUE;
}

// Lets patterns of sequences (or of mappings) match the instances of a class.
static Value mark_pattern(VM *vm, Value *args, size_t count) {
    int mapping = value_truth(vm, args[1]);
    if (mapping < 0) return VALUE_ERROR;
    if (!is_kind(args[0], KIND_CLASS)) return raise_type_error(vm, "a class is required");
    class_set_flags(vm, (Class *)object_of(args[0]), mapping ? CLASS_MAPPING : CLASS_SEQUENCE);
    return VALUE_NONE;
}

static const NativeDefinition functions[] = {
    {"_check_methods", check_methods, "cls, /, *names", NATIVE_METHOD},
    {"_mark_pattern", mark_pattern, "cls, mapping, /", NATIVE_METHOD},
    {"get_cache_token", get_cache_token, "", NATIVE_METHOD, "A number that changes when a class is registered with an abstract one."}, {0}};
static const NativeDefinition abstract_methods[] = {{"__new__", abstract_new, "cls, /", NATIVE_NEW}, {0}};
// Methods of ABCMeta: of type, so that they are bound to a class.
static const NativeDefinition class_methods[] = {
    {"__instancecheck__", instance_check, "self, instance, /", NATIVE_METHOD, "Whether an object counts as an instance."},
    {"__subclasscheck__", subclass_check, "self, subclass, /", NATIVE_METHOD, "Whether a class counts as a subclass."},
    {"register", abstract_register, "self, subclass, /", NATIVE_METHOD, "Lets a class count as a subclass; returns it."},
    {0}};

bool abc_module_fill(VM *vm, ModuleObject *module) {
    Dict *namespace = module->namespace;
    Class *data = native_data_class(vm, "_abc", "_abc_data", &abstract_ops, sizeof(Abstract), CLASS_FINAL);
    if (!data || native_add_methods(vm, data, abstract_methods) < 0 || !add_value(vm, namespace, "_abc_data", value_object(data))) return false;
    for (const NativeDefinition *method = class_methods; method->name; method++) {
        Native *native = native_new(vm, method, vm->classes.type);
        if (!native || !add_value(vm, namespace, method->name, value_object(native))) return false;
    }
    return native_add_functions(vm, namespace, functions) > 0;
}
