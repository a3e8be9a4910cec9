// Assignment to every kind of target, deletion, augmented and annotated assignment.
#include "compiler/codegen.h"
#include "object/text/str.h"

// ---- Unpacking

static void unpack_to(Compiler *c, Node *target, Register value) {
    NodeList items = target->sequence.items;
    size_t star = items.count;
    for (size_t i = 0; i < items.count; i++) {
        if (items.items[i]->kind != NODE_STARRED) continue;
        if (star < items.count) compile_error(c, target->range, "multiple starred expressions in assignment");
        star = i;
    }
    if (star < items.count && star > 255)
        compile_error(c, target->range, "too many expressions in star-unpacking assignment");
    uint32_t mark = registers_mark(c);
    Register first = registers_new(c, items.count ? (uint32_t)items.count : 1);
    if (star == items.count)
        emit(c, OP_UNPACK, first, value, (uint32_t)items.count);
    else
        emit_n(c, OP_UNPACK_STAR, (uint8_t)star, first, value, (uint32_t)(items.count - star - 1));
    for (size_t i = 0; i < items.count; i++) {
        Node *item = items.items[i];
        assign_to(c, item->kind == NODE_STARRED ? item->starred.value : item, (Register)(first + i));
    }
    registers_release(c, mark);
}

void assign_to(Compiler *c, Node *target, Register value) {
    Range before = place_set(c, target->range);
    uint32_t mark = registers_mark(c);
    switch (target->kind) {
    case NODE_NAME: name_store(c, target->name.id, value); break;
    case NODE_ATTRIBUTE: {
        Register object = expression_any(c, target->attribute.object);
        place_set(c, target->range);
        Text name = scope_mangle(c->arena, c->scope, target->attribute.name);
        emit(c, OP_STORE_ATTRIBUTE, object, value, constant_name16(c, name));
        break;
    }
    case NODE_SUBSCRIPT: {
        Register object = expression_operand(c, target->subscript.object, target->subscript.index);
        Register index = expression_any(c, target->subscript.index);
        place_set(c, target->range);
        emit(c, OP_SET_ITEM, object, index, value);
        break;
    }
    case NODE_TUPLE:
    case NODE_LIST:
        compile_deeper(c, target->range);
        unpack_to(c, target, value);
        c->depth--;
        break;
    case NODE_STARRED: compile_error(c, target->range, "starred assignment target must be in a list or tuple");
    default: compile_error(c, target->range, "cannot assign to this expression");
    }
    registers_release(c, mark);
    place_set(c, before);
}

Register assign_direct(Compiler *c, Node *target) {
    if (target->kind != NODE_NAME) return NO_REGISTER;
    Text name = scope_mangle(c->arena, c->scope, target->name.id);
    Symbol *s = scope_find(c->scope, name);
    return s && s->place == PLACE_LOCAL ? s->number : NO_REGISTER;
}

void assign_direct_done(Compiler *c, Node *target) { bound_add(c, assign_direct(c, target)); }

// ---- Deletion

void delete_target(Compiler *c, Node *target) {
    Range before = place_set(c, target->range);
    uint32_t mark = registers_mark(c);
    switch (target->kind) {
    case NODE_NAME: name_delete(c, target->name.id, target->range); break;
    case NODE_ATTRIBUTE: {
        Register object = expression_any(c, target->attribute.object);
        place_set(c, target->range);
        Text name = scope_mangle(c->arena, c->scope, target->attribute.name);
        emit_index(c, OP_DELETE_ATTRIBUTE, object, constant_name(c, name));
        break;
    }
    case NODE_SUBSCRIPT: {
        Register object = expression_operand(c, target->subscript.object, target->subscript.index);
        Register index = expression_any(c, target->subscript.index);
        place_set(c, target->range);
        emit(c, OP_DELETE_ITEM, object, index, 0);
        break;
    }
    case NODE_TUPLE:
    case NODE_LIST:
        for (size_t i = 0; i < target->sequence.items.count; i++) delete_target(c, target->sequence.items.items[i]);
        break;
    default: compile_error(c, target->range, "cannot delete this expression");
    }
    registers_release(c, mark);
    place_set(c, before);
}

// ---- Augmented assignment

void augmented_assignment(Compiler *c, Node *node) {
    Node *target = node->augmented.target;
    uint32_t mark = registers_mark(c);
    BinaryOperator operator = node->augmented.operator;
    if (target->kind == NODE_NAME) {
        Register variable = name_register(c, target->name.id, target->range);
        if (variable != NO_REGISTER) {
            Register left = c->unit->rebinds ? register_new(c) : variable;
            if (left != variable) emit(c, OP_MOVE, left, variable, 0);
            place_set(c, node->range);
            binary_operation(c, operator, variable, left, node->augmented.value, true);
        } else {
            Register value = register_new(c);
            name_load(c, target->name.id, target->range, value);
            place_set(c, node->range);
            binary_operation(c, operator, value, value, node->augmented.value, true);
            name_store(c, target->name.id, value);
        }
    } else if (target->kind == NODE_ATTRIBUTE) {
        Register object = expression_operand(c, target->attribute.object, node->augmented.value);
        Register value = register_new(c);
        uint16_t name = constant_name16(c, scope_mangle(c->arena, c->scope, target->attribute.name));
        place_set(c, target->range);
        emit(c, OP_LOAD_ATTRIBUTE, value, object, name);
        place_set(c, node->range);
        binary_operation(c, operator, value, value, node->augmented.value, true);
        place_set(c, target->range);
        emit(c, OP_STORE_ATTRIBUTE, object, value, name);
    } else {
        Register object = c->unit->rebinds ? register_new(c) : expression_any(c, target->subscript.object);
        if (c->unit->rebinds) expression_to(c, target->subscript.object, object);
        Register index = c->unit->rebinds ? register_new(c) : expression_any(c, target->subscript.index);
        if (c->unit->rebinds) expression_to(c, target->subscript.index, index);
        Register value = register_new(c);
        place_set(c, target->range);
        emit(c, OP_GET_ITEM, value, object, index);
        place_set(c, node->range);
        binary_operation(c, operator, value, value, node->augmented.value, true);
        place_set(c, target->range);
        emit(c, OP_SET_ITEM, object, index, value);
    }
    registers_release(c, mark);
}

// ---- Annotated assignment

static void annotation_value(Compiler *c, Node *annotation, Register target) {
    if (c->future_annotations)
        load_constant(c, target, annotation_text(c, annotation));
    else
        expression_to(c, annotation, target);
}

void annotated_assignment(Compiler *c, Node *node) {
    Node *target = node->annotated.target;
    uint32_t mark = registers_mark(c);
    if (node->annotated.value) {
        Register value = register_new(c);
        expression_to(c, node->annotated.value, value);
        assign_to(c, target, value);
        registers_release(c, mark);
    } else if (target->kind == NODE_ATTRIBUTE) {
        expression_discard(c, target->attribute.object);
    } else if (target->kind == NODE_SUBSCRIPT) {
        expression_discard(c, target->subscript.object);
        expression_discard(c, target->subscript.index);
    }
    // Only a module or a class keeps annotations; a function's local ones are not even evaluated.
    if (c->unit->scope->kind == SCOPE_FUNCTION) return;
    Register value = register_new(c);
    if (!node->annotated.simple || target->kind != NODE_NAME) {
        if (!c->future_annotations) expression_to(c, node->annotated.annotation, value);
        registers_release(c, mark);
        return;
    }
    Register annotations = register_new(c), key = register_new(c);
    annotation_value(c, node->annotated.annotation, value);
    place_set(c, node->range);
    bool namespace = c->unit->scope->kind == SCOPE_CLASS || c->unit->scope->namespace_locals;
    emit_index(c, namespace ? OP_LOAD_NAME : OP_LOAD_GLOBAL, annotations, constant_name(c, (Text){"__annotations__", 15}));
    Text name = scope_mangle(c->arena, c->scope, target->name.id);
    load_constant(c, key, constant_string(c, name));
    emit(c, OP_SET_ITEM, annotations, key, value);
    registers_release(c, mark);
}
