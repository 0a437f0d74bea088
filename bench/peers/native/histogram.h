/* Latencies in nanoseconds, within 2 %: 64 steps between powers of two, as in HDR histograms. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>
#include <string.h>

#define STEP_BITS 6
#define STEPS (1 << STEP_BITS)
#define BUCKETS ((64 - STEP_BITS + 1) * STEPS)

struct histogram {
  uint64_t total;
  uint64_t highest;
  uint32_t counts[BUCKETS];
};

static inline void histogram_clear(struct histogram *histogram) {
  memset(histogram, 0, sizeof *histogram);
}

static inline void histogram_add(struct histogram *histogram, uint64_t value) {
  unsigned index = (unsigned)value;
  if (value >= STEPS) {
    unsigned shift = 63 - (unsigned)__builtin_clzll(value) - STEP_BITS;
    index = (shift + 1) * STEPS + (unsigned)((value >> shift) & (STEPS - 1));
  }
  histogram->counts[index]++;
  histogram->total++;
  if (value > histogram->highest) histogram->highest = value;
}

/* The value that `share` (0 to 1) of all are at or below: the upper end of its step. */
static inline uint64_t histogram_at(const struct histogram *histogram, double share) {
  uint64_t wanted = (uint64_t)(share * (double)histogram->total + 0.5), seen = 0;
  for (unsigned index = 0; index < BUCKETS; index++) {
    seen += histogram->counts[index];
    if (seen < wanted || seen == 0) continue;
    if (index < STEPS) return index;
    unsigned shift = index / STEPS - 1;
    uint64_t upper = ((uint64_t)(STEPS + index % STEPS + 1) << shift) - 1;
    return upper < histogram->highest ? upper : histogram->highest;
  }
  return histogram->highest;
}

#endif
