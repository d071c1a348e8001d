/* Row-by-row descent of a network with one hidden layer, written plainly for speed: sigmoid units,
 * softmax outputs, cross-entropy. Weights are row-major: w1[inputs][hidden], w2[hidden][outputs]. */
#include <math.h>
#include <string.h>

double epoch(const float *x, const int *y, const int *order, int rows, int inputs, int hidden,
             int outputs, float *w1, float *b1, float *w2, float *b2, float rate) {
  double total = 0;
  float a[hidden], z[outputs], d[outputs], e[hidden];
  for (int r = 0; r < rows; r++) {
    const float *row = x + (long)order[r] * inputs;
    const int label = y[order[r]];
    memcpy(a, b1, sizeof a);
    for (int i = 0; i < inputs; i++)
      for (int j = 0; j < hidden; j++) a[j] += row[i] * w1[(long)i * hidden + j];
    for (int j = 0; j < hidden; j++) a[j] = 1.0f / (1.0f + expf(-a[j]));
    memcpy(z, b2, sizeof z);
    for (int j = 0; j < hidden; j++)
      for (int k = 0; k < outputs; k++) z[k] += a[j] * w2[j * outputs + k];
    float top = z[0], sum = 0;
    for (int k = 1; k < outputs; k++) top = z[k] > top ? z[k] : top;
    for (int k = 0; k < outputs; k++) sum += d[k] = expf(z[k] - top);
    total += logf(sum) + top - z[label];
    for (int k = 0; k < outputs; k++) d[k] /= sum;
    d[label] -= 1;
    for (int j = 0; j < hidden; j++) {
      float *w = w2 + j * outputs, back = 0;
      for (int k = 0; k < outputs; k++) {
        back += d[k] * w[k];
        w[k] -= rate * a[j] * d[k];
      }
      e[j] = rate * back * a[j] * (1 - a[j]);
    }
    for (int k = 0; k < outputs; k++) b2[k] -= rate * d[k];
    for (int i = 0; i < inputs; i++)
      for (int j = 0; j < hidden; j++) w1[(long)i * hidden + j] -= row[i] * e[j];
    for (int j = 0; j < hidden; j++) b1[j] -= e[j];
  }
  return total;
}
