/* What the tests of TLS share: a folder with a certificate in it, and its key. */
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "test.h"

#define CERT "cert.pem"
#define KEY  "key.pem"

/* Writes a certificate for 127.0.0.1, signed by itself, and its key into the working folder. */
static inline void make_certificate(void) {
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *cert = X509_new();
        X509_NAME *name = X509_get_subject_name(cert);
        X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
        FILE *f;

        CHECK(key && cert && san);
        ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
        X509_set_version(cert, X509_VERSION_3);
        X509_gmtime_adj(X509_getm_notBefore(cert), -60);
        X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1,
                                   0);
        X509_set_issuer_name(cert, name);
        X509_set_pubkey(cert, key);
        CHECK(X509_add_ext(cert, san, -1) && X509_sign(cert, key, EVP_sha256()));
        CHECK((f = fopen(CERT, "w")) && PEM_write_X509(f, cert) && fclose(f) == 0);
        CHECK((f = fopen(KEY, "w")) && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) &&
              fclose(f) == 0);
        X509_EXTENSION_free(san);
        X509_free(cert);
        EVP_PKEY_free(key);
}

static inline void enter_folder(void) {
        char folder[] = "/tmp/berth-tls-XXXXXX";

        CHECK(mkdtemp(folder) && chdir(folder) == 0);
        make_certificate();
}

static inline void leave_folder(void) {
        char folder[100];

        CHECK(getcwd(folder, sizeof(folder)));
        unlink(CERT);
        unlink(KEY);
        CHECK(rmdir(folder) == 0);
}
