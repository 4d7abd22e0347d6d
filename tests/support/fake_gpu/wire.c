#include "wire.h"

#include <stdlib.h>
#include <string.h>

enum { VARINT = 0, EIGHT_BYTES = 1, COUNTED = 2, FOUR_BYTES = 5 }; /* protobuf's wire types */

static void advance(Piece *rest, size_t size) {
    rest->start += size;
    rest->size -= size;
}

static bool take_varint(Piece *rest, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; rest->size > 0 && shift < 64; shift += 7) {
        uint8_t byte = *rest->start;
        advance(rest, 1);
        *value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            return true;
        }
    }
    return false;
}

bool take_field(Piece *rest, Field *field) {
    const uint8_t *start = rest->start;
    uint64_t tag, size = 0;
    if (!take_varint(rest, &tag)) {
        return false;
    }
    *field = (Field){.number = (int)(tag >> 3)};
    bool good = true;
    switch (tag & 7) {
        case VARINT: good = take_varint(rest, &field->value); break;
        case COUNTED: good = take_varint(rest, &size); break;
        case EIGHT_BYTES: size = 8; break;
        case FOUR_BYTES: size = 4; break;
        default: good = false;
    }
    if (!good || size > rest->size) {
        return false;
    }
    field->content = (Piece){rest->start, (size_t)size};
    advance(rest, (size_t)size);
    field->whole = (Piece){start, (size_t)(rest->start - start)};
    return true;
}

void put_piece(Message *message, Piece piece) {
    while (message->size + piece.size > message->room) {
        message->room = 2 * message->room + 256;
        message->data = realloc(message->data, message->room);
    }
    if (piece.size > 0) {
        memcpy(message->data + message->size, piece.start, piece.size);
    }
    message->size += piece.size;
}

static void put_varint(Message *message, uint64_t value) {
    uint8_t bytes[10];
    size_t size = 0;
    do {
        bytes[size++] = (uint8_t)((value & 127) | (value > 127 ? 128 : 0));
        value >>= 7;
    } while (value > 0);
    put_piece(message, (Piece){bytes, size});
}

void put_number(Message *message, int field, uint64_t value) {
    put_varint(message, (uint64_t)field << 3 | VARINT);
    put_varint(message, value);
}

void put_content(Message *message, int field, Piece content) {
    put_varint(message, (uint64_t)field << 3 | COUNTED);
    put_varint(message, content.size);
    put_piece(message, content);
}

void put_text(Message *message, int field, const char *text) {
    put_content(message, field, (Piece){(const uint8_t *)text, strlen(text)});
}

void put_message(Message *message, int field, Message *inner) {
    put_content(message, field, (Piece){inner->data, inner->size});
    free(inner->data);
    *inner = (Message){0};
}

bool is(Piece piece, const char *text) {
    return same(piece, (Piece){(const uint8_t *)text, strlen(text)});
}

bool same(Piece one, Piece other) {
    return one.size == other.size && (one.size == 0 || memcmp(one.start, other.start, one.size) == 0);
}
