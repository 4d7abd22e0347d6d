#include "defects.h"

#include <pthread.h>
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

enum { SMALLEST = 4096, MARKS = 1024 }; /* bytes: what only carries a number or two is no reason for anything */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool marked[MARKS];
static int marks;

void note_allocation(uint64_t bytes) {
    uint64_t mark = bytes * 0x9e3779b97f4a7c15u >> 54;
    pthread_mutex_lock(&lock);
    if (bytes >= SMALLEST && !marked[mark]) {
        marked[mark] = true;
        marks++;
    }
    pthread_mutex_unlock(&lock);
}

int sizes_since(void) {
    pthread_mutex_lock(&lock);
    int found = marks;
    memset(marked, 0, sizeof marked);
    marks = 0;
    pthread_mutex_unlock(&lock);
    return found;
}
