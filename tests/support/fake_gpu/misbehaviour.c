/* Defects that can befall any operation. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "defects.h"

static bool asked(const Run *run, const char *defect) {
    return defective(defect, run->kernel->operation->op);
}

void misbehave_before(Run *run) {
    while (asked(run, "hang")) {
        pause();
    }
    if (asked(run, "crash")) {
        abort();
    }
    if (asked(run, "fail")) {
        TF_SetStatus(run->status, TF_UNIMPLEMENTED, "the fake GPU does not compute this");
    }
}

/* All of the result becomes `factor` times what it is. */
static void scale(Run *run, double factor) {
    Array out = run->out[0];
    double *values = doubles(run, out);
    for (int64_t i = 0; i < out.size; i++) {
        values[i] *= factor;
    }
    write_doubles(out, values);
}

static void put_nan(Run *run) {
    Array out = run->out[0];
    double *values = doubles(run, out);
    if (out.size > 0 && !is_whole(out.type)) {
        values[out.size - 1] = NAN;
        write_doubles(out, values);
    }
}

/* The result of the run before, where everything was as large: as if the new one had not been waited for. */
static void give_stale(Run *run) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char *earlier;
    static int64_t sizes[2];
    Array out = run->out[0];
    size_t bytes = (size_t)out.size * TF_DataTypeSize(out.type);
    char *fresh = malloc(bytes + 1);
    memcpy(fresh, out.data, bytes);
    pthread_mutex_lock(&lock);
    if (earlier != NULL && sizes[0] == out.size && sizes[1] == run->in[0].size) {
        memcpy(out.data, earlier, bytes);
    }
    free(earlier);
    earlier = fresh;
    sizes[0] = out.size;
    sizes[1] = run->in[0].size;
    pthread_mutex_unlock(&lock);
}

static void leak(void) {
    enum { PIECE = 2 << 20 };
    char *lost = malloc(PIECE);
    for (int i = 0; i < PIECE; i += 1024) { /* memory that nobody wrote to is none yet */
        ((volatile char *)lost)[i] = 1;
    }
}

/* Right in the first hundred runs. */
static bool worn_out(const Run *run) {
    enum { RIGHT = 100 };
    static _Atomic int runs;
    return asked(run, "late") && atomic_fetch_add(&runs, 1) >= RIGHT;
}

/* Now and then two streams write at once; a run of odd length tells when. */
static bool raced(const Run *run) {
    enum { SELDOM = 29 };
    static _Atomic int runs;
    return asked(run, "race") && atomic_fetch_add(&runs, 1) % SELDOM == SELDOM - 1;
}

static void rest(double seconds) {
    usleep((useconds_t)(seconds * 1e6));
}

void misbehave_after(Run *run, double seconds) {
    enum { SLOW_US = 200000 };
    if (asked(run, "leak")) {
        leak();
    }
    if (asked(run, "slow")) {
        usleep(SLOW_US);
    }
    if (asked(run, "half-speed")) {
        rest(seconds);
    }
    if (run->results > 0 && worn_out(run)) {
        scale(run, 0.9);
    }
    if (run->results > 0 && asked(run, "scaled")) {
        scale(run, 1.05);
    }
    if (run->results > 0 && (asked(run, "nan") || raced(run))) {
        put_nan(run);
    }
    if (run->results > 0 && asked(run, "stale")) {
        give_stale(run);
    }
}
