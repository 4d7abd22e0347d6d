/* Windows that go over images: where a node wants them. */
#ifndef FAKE_GPU_FRAMES_H
#define FAKE_GPU_FRAMES_H

#include "kernel.h"

/* Return how windows of `rows` by `columns` go over images of the shape `dims`; the run fails where they cannot. */
Frame frame_of(Run *run, const int64_t *dims, int64_t rows, int64_t columns);

#endif
