/* Protocol buffers, as far as a GraphDef needs them: fields are taken off one end, and put on the other. */
#ifndef FAKE_GPU_WIRE_H
#define FAKE_GPU_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of a message; nobody owns it. */
typedef struct {
    const uint8_t *start;
    size_t size;
} Piece;

/* One field: its number, what is in it (or its value), and the field as it stands in the message. */
typedef struct {
    int number;
    uint64_t value;
    Piece content, whole;
} Field;

/* A message being written; `data` belongs to whoever made it. */
typedef struct {
    uint8_t *data;
    size_t size, room;
} Message;

bool take_field(Piece *rest, Field *field); /* false at the end, and where the message is damaged */
void put_piece(Message *message, Piece piece);
void put_number(Message *message, int field, uint64_t value);
void put_content(Message *message, int field, Piece content);
void put_text(Message *message, int field, const char *text);
void put_message(Message *message, int field, Message *inner); /* and frees `inner` */

bool is(Piece piece, const char *text);
bool same(Piece one, Piece other);

#endif
