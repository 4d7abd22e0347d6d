/* Defects, asked for by the environment variable FAKE_GPU_DEFECTS: words with commas between.
 *
 * Some belong to a kernel, which asks for them itself: `drop-activation`, `rows-2e16`. Others can befall any operation,
 * MatMul where none is named: `hang`, `nan=Relu`. README.md lists them all. */
#ifndef FAKE_GPU_DEFECTS_H
#define FAKE_GPU_DEFECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel.h"

/* Tell whether `defect` is asked for, of the operation `op`. Read anew at each call: a process may switch. */
bool defective(const char *defect, const char *op);

/* Tell whether a defect is asked for that belongs to no operation. */
bool defective_device(const char *defect);

/* Those that can befall any operation: before it computes, and after, when it took `seconds`. */
void misbehave_before(Run *run);
void misbehave_after(Run *run, double seconds);

/* The device tells of each piece of memory it gives away. How many were of another size than the one before? */
void note_allocation(uint64_t bytes);
int changes_of_size(void);

#endif
