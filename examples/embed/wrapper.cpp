// A C++ host with wrappers of its own: scopes and kept handles end by themselves, and a script's exception is a C++ exception.
#include <aioli.h>

#include <cstdint>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// ---- The wrappers

struct Free {
    void operator()(aioli *vm) const { aioli_free(vm); }
};
using Machine = std::unique_ptr<aioli, Free>;

// What a script has raised: its text is the traceback.
struct Error : std::runtime_error {
    std::string type;
    Error(aioli *vm, aioli_value exception)
        : std::runtime_error(text_of(vm, aioli_traceback(vm, exception))), type(aioli_type_name(vm, exception)) {}
    static std::string text_of(aioli *vm, aioli_value text) {
        const char *bytes = aioli_get_text(vm, text, nullptr);
        return bytes ? bytes : "out of memory\n";
    }
    // Every function's result goes through one of these two.
    static aioli_value check(aioli *vm, aioli_value value) { return value ? value : throw Error(vm, aioli_take_error(vm)); }
    static int check(aioli *vm, int status) { return status >= 0 ? status : throw Error(vm, aioli_take_error(vm)); }
};

// The handles that are made while it exists die with it.
class Scope {
    aioli *vm;
    size_t scope;
public:
    explicit Scope(aioli *vm) : vm(vm), scope(aioli_open(vm)) {}
    Scope(const Scope &) = delete;
    ~Scope() { aioli_close(vm, scope, nullptr); }
};

// A value as long as the scope in which it was made.
struct Value {
    aioli *vm;
    aioli_value handle;
    Value(aioli *vm, aioli_value handle) : vm(vm), handle(Error::check(vm, handle)) {}
    Value(aioli *vm, std::int64_t number) : Value(vm, aioli_int(vm, number)) {}
    Value(aioli *vm, int number) : Value(vm, std::int64_t{number}) {}
    Value(aioli *vm, double number) : Value(vm, aioli_float(vm, number)) {}
    Value(aioli *vm, const std::string &text) : Value(vm, aioli_string(vm, text.data(), text.size())) {}
    Value operator[](const char *name) const { return {vm, aioli_get_attribute(vm, handle, name)}; }
    template <typename... Arguments> Value operator()(Arguments... arguments) const {
        std::vector<aioli_value> handles{Value(vm, arguments).handle...};
        return {vm, aioli_call(vm, handle, handles.size(), handles.data(), nullptr)};
    }
    std::int64_t integer() const {
        std::int64_t number;
        return Error::check(vm, aioli_get_int(vm, handle, &number)), number;
    }
    std::string str() const { return Error::text_of(vm, Error::check(vm, aioli_str(vm, handle))); }
};

// A value as long as the wrapper, whatever scopes end.
class Kept : public Value {
public:
    explicit Kept(const Value &value) : Value(value.vm, aioli_keep(value.vm, value.handle, nullptr)) {}
    Kept(Kept &&other) noexcept : Value(other) { other.handle = nullptr; }
    Kept &operator=(Kept &&other) noexcept { return std::swap(vm, other.vm), std::swap(handle, other.handle), *this; }
    ~Kept() { aioli_drop(vm, handle); }
};

// ---- A host that uses them

static const std::string script = R"(
def area(width, height):
    return width * height

def describe(name, size):
    return f"{name} of {size:.1f} square metres"

def fail(name):
    raise KeyError(name)
)";

int main() {
    Machine machine(aioli_new(nullptr));
    if (!machine) return 1;
    aioli *vm = machine.get();
    if (aioli_run_source(vm, "<script>", script.data(), script.size()) != AIOLI_OK) {
        std::cerr << aioli_error_text(vm, nullptr);
        return 1;
    }
    std::vector<Kept> functions;
    {
        Scope scope(vm);
        Value program(vm, aioli_import(vm, "__main__"));
        for (const char *name : {"area", "describe", "fail"}) functions.emplace_back(program[name]);
    }
    Scope scope(vm);
    std::cout << functions[0](6, 7).integer() << "\n";
    std::cout << functions[1](std::string("a kitchen"), 12.25).str() << "\n";
    try {
        functions[2](std::string("spoon"));
    } catch (const Error &error) {
        std::cout << error.type << "\n" << error.what();
    }
    try {
        functions[0](std::string("a"), std::string("b"));
    } catch (const Error &error) {
        std::cout << error.type << "\n" << error.what();
    }
}
