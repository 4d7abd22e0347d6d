/* Defects, asked for by the environment variable FAKE_GPU_DEFECTS: words with commas between, `drop-activation,nan=Relu`.
 *
 * drop-activation: the operation that the graph optimizer makes computes no activation, as Apple's does.
 * hang, crash, fail, slow, nan: of one operation, `hang=Conv2D`; of MatMul where none is named. */
#ifndef FAKE_GPU_DEFECTS_H
#define FAKE_GPU_DEFECTS_H

#include <stdbool.h>

/* Tell whether `defect` is asked for, of the operation `op`. Read anew at each call: a process may switch. */
bool defective(const char *defect, const char *op);

/* Tell whether a defect is asked for that belongs to no operation. */
bool defective_device(const char *defect);

#endif
