/* Part of Maek, under the MIT licence; see LICENSE.
 * What a test asks of the stand-in for cuBLASLt, beside the library's own
 * functions. Products are made at once, on memory of the host. Programs find it
 * by LD_LIBRARY_PATH; it writes one line for each product into the file that
 * MAEK_STUB_CUBLAS_LOG names:
 *
 *   TN 64x32x128 of 2 bf16
 */
#ifndef MAEK_TESTS_SUPPORT_STUBCUBLASLT_H
#define MAEK_TESTS_SUPPORT_STUBCUBLASLT_H

#ifdef __cplusplus
extern "C" {
#endif

/* Forgets lines. */
void maek_stub_cublas_reset(void);
/* All lines; valid until the next call of the library. */
const char *maek_stub_cublas_log(void);
/* Whether no algorithm is found for any product. */
void maek_stub_cublas_set_helpless(int helpless);

#ifdef __cplusplus
}
#endif

#endif /* MAEK_TESTS_SUPPORT_STUBCUBLASLT_H */
