#include "compiler/compiler.h"
#include "compiler/ops.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/text/str.h"

static const struct {
    const char *name, *operands;
    int words;
} ops[] = {
#define OP(name, operands, words, meaning) {#name, operands, words},
#include "compiler/ops.def"
#undef OP
};

const char *op_name(uint8_t op) { return op < OP_COUNT ? ops[op].name : "?"; }
int op_words(uint8_t op) { return ops[op].words; }

static void show_constant(VM *vm, const Code *code, uint32_t index, Buffer *out) {
    if (index >= code->constant_count) return;
    String *text = value_repr(vm, code->constants[index]);
    if (!text) {
        exception_clear(vm);
        return;
    }
    buffer_format(out, "  (%.*s%s)", text->size > 60 ? 60 : (int)text->size, text->data, text->size > 60 ? "…" : "");
}

// A register as the source calls it, where it is a variable.
static void show_register(const Code *code, uint32_t r, Buffer *out) {
    if (r < code->variable_names->length && is_string(code->variable_names->items[r]) &&
        string_of(code->variable_names->items[r])->size)
        buffer_format(out, " %s", string_of(code->variable_names->items[r])->data);
    else
        buffer_format(out, " r%u", r);
}

static void show_operands(VM *vm, const Code *code, uint32_t at, Buffer *out) {
    const Instruction *i = &code->instructions[at];
    const char *operands = ops[i->op].operands;
    for (const char *p = operands; *p; p++) {
        switch (*p) {
        case 'a': show_register(code, i->a, out); break;
        case 'b': show_register(code, i->b, out); break;
        case 'c':
            if (p[1] == '(') { // a count
                buffer_format(out, " %u", i->c);
                p = strchr(p, ')');
            } else {
                show_register(code, i->c, out);
            }
            break;
        case 'k':
            if (p[1] == '(') {
                show_constant(vm, code, i->c, out);
                p = strchr(p, ')');
            } else {
                show_constant(vm, code, i->index, out);
            }
            break;
        case 'K': show_constant(vm, code, i[1].index, out); break;
        case 'n': buffer_format(out, " n=%u", i->n); break;
        case 'i': buffer_format(out, " %d", (int16_t)(i->op >= OP_JUMP_EQUAL_INT && i->op <= OP_JUMP_GREATER_INT ? i->b : i->c)); break;
        case 'j': buffer_format(out, " -> %lld", (long long)at + 1 + i->offset); break;
        case 'J': buffer_format(out, " -> %lld", (long long)at + 2 + i[1].offset); break;
        default: break;
        }
    }
}

// The constant that an instruction names something by; code->constant_count: it names nothing.
static uint32_t name_operand(const Code *code, const Instruction *i) {
    switch (i->op) {
    case OP_LOAD_GLOBAL:
    case OP_STORE_GLOBAL:
    case OP_DELETE_GLOBAL:
    case OP_LOAD_NAME:
    case OP_STORE_NAME:
    case OP_DELETE_NAME:
    case OP_DELETE_ATTRIBUTE: return i->index;
    case OP_LOAD_ATTRIBUTE:
    case OP_STORE_ATTRIBUTE:
    case OP_LOAD_METHOD:
    case OP_LOAD_NAME_OR_FREE:
    case OP_FIND_NAME:
    case OP_IMPORT_FROM: return i->c;
    case OP_IMPORT: return i->b;
    default: return code->constant_count;
    }
}

Tuple *code_used_names(VM *vm, const Code *code) {
    Dict *names = dict_new(vm);
    for (uint32_t at = 0; names && at < code->instruction_count; at += 1 + (uint32_t)ops[code->instructions[at].op].words) {
        uint32_t operand = name_operand(code, &code->instructions[at]);
        if (operand >= code->constant_count || !is_string(code->constants[operand])) continue;
        if (dict_set_string(vm, names, string_of(code->constants[operand]), VALUE_NONE) < 0) return NULL;
    }
    return names ? tuple_from_iterable(vm, value_object(names)) : NULL;
}

static void disassemble_one(VM *vm, const Code *code, Buffer *out, int depth);

static void inner_code(VM *vm, const Code *code, Buffer *out, int depth) {
    for (uint32_t k = 0; k < code->constant_count; k++)
        if (is_kind(code->constants[k], KIND_CODE)) {
            buffer_byte(out, '\n');
            disassemble_one(vm, (const Code *)object_of(code->constants[k]), out, depth + 1);
        }
}

static void disassemble_one(VM *vm, const Code *code, Buffer *out, int depth) {
    buffer_format(out, "%s (%s:%u): %u registers, %u parameters\n", code->qualified_name->data, code->file_name->data,
                  code->first_line, code->register_count, code->parameter_count);
    uint32_t last_line = 0;
    for (uint32_t at = 0; at < code->instruction_count; at += 1 + (uint32_t)op_words(code->instructions[at].op)) {
        uint32_t line = code_place(code, at)->line;
        if (line != last_line)
            buffer_format(out, "%5u", line);
        else
            buffer_text(out, "     ");
        last_line = line;
        buffer_format(out, " %5u  %-20s", at, op_name(code->instructions[at].op));
        show_operands(vm, code, at, out);
        buffer_byte(out, '\n');
    }
    for (uint32_t i = 0; i < code->handler_count; i++)
        buffer_format(out, "       handler for %u to %u: at %u, exception in r%u\n", code->handlers[i].start,
                      code->handlers[i].end, code->handlers[i].handler, code->handlers[i].target);
    if (depth < 200) inner_code(vm, code, out, depth);
}

void disassemble(VM *vm, const Code *code, Buffer *out) { disassemble_one(vm, code, out, 0); }
