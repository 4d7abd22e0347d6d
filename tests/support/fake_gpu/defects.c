#include "defects.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define USUAL "MatMul"

typedef bool Matches(const char *word, const char *defect, const char *op);

static bool is_of_device(const char *word, const char *defect, const char *op) {
    (void)op;
    return strcmp(word, defect) == 0;
}

static bool is_of_op(const char *word, const char *defect, const char *op) {
    size_t length = strlen(defect);
    if (strncmp(word, defect, length) != 0) {
        return false;
    }
    const char *named = word[length] == '=' ? word + length + 1 : USUAL;
    return (word[length] == '=' || word[length] == '\0') && strcmp(named, op) == 0;
}

static bool any_word(Matches *matches, const char *defect, const char *op) {
    const char *asked = getenv("FAKE_GPU_DEFECTS");
    if (asked == NULL || *asked == '\0') {
        return false;
    }
    char *words = strdup(asked), *rest = NULL;
    bool found = false;
    for (char *word = strtok_r(words, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
        found = found || matches(word, defect, op);
    }
    free(words);
    return found;
}

bool defective(const char *defect, const char *op) {
    return any_word(is_of_op, defect, op);
}

bool defective_device(const char *defect) {
    return any_word(is_of_device, defect, "");
}

/* ---- how the device was used before ---- */

enum { SMALLEST = 4096 }; /* bytes: what only carries a number or two is no reason for anything */

static _Atomic uint64_t last_size;
static _Atomic int changes;

void note_allocation(uint64_t bytes) {
    if (bytes >= SMALLEST && atomic_exchange(&last_size, bytes) != bytes) {
        atomic_fetch_add(&changes, 1);
    }
}

int changes_of_size(void) {
    return atomic_load(&changes);
}
