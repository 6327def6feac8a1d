#include "net/http_testing.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define CERT "cert.pem"
#define KEY  "key.pem"

/* Writes a certificate for 127.0.0.1, signed by itself, and its key into the working folder. */
static void make_certificate(void) {
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

static void enter_folder(void) {
        char folder[] = "/tmp/berth-tls-XXXXXX";

        CHECK(mkdtemp(folder) && chdir(folder) == 0);
        make_certificate();
}

static void leave_folder(void) {
        char folder[100];

        CHECK(getcwd(folder, sizeof(folder)));
        unlink(CERT);
        unlink(KEY);
        CHECK(rmdir(folder) == 0);
}

static void answer(void *arg, struct http_req *req) {
        struct http_stream *s;
        size_t n;

        (void)arg;
        if (strcmp(http_path(req), "/stream") != 0) {
                http_body(req, &n);
                http_reply(req, n == 5 ? 201 : 200, "text/plain", "secret", 6);
                return;
        }
        s = http_stream_open(req, 200, NULL, 100);
        CHECK(http_stream_write(s, "piece", 5));
        http_stream_close(s);
}

static size_t take(char *data, size_t size, size_t n, void *arg) {
        buf_add(arg, data, size * n);
        return size * n;
}

struct upload {
        size_t left;
};

static size_t give(char *to, size_t size, size_t n, void *arg) {
        struct upload *u = arg;

        n *= size;
        n = n < u->left ? n : u->left;
        memset(to, 'x', n);
        u->left -= n;
        return n;
}

/* A POST of N bytes, in chunks when CHUNKED; the status. */
static long request(const struct fixture *f, const char *path, size_t n, bool chunked,
                    struct buf *ret) {
        struct upload upload = { n };
        struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
        CURL *c = curl_easy_init();
        long status = 0;
        char url[100];

        snprintf(url, sizeof(url), "https://127.0.0.1:%u%s", http_server_port(f->server), path);
        curl_easy_setopt(c, CURLOPT_URL, url);
        curl_easy_setopt(c, CURLOPT_CAINFO, CERT);
        curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 10000L);
        curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
        curl_easy_setopt(c, CURLOPT_WRITEDATA, ret);
        if (n) {
                curl_easy_setopt(c, CURLOPT_POST, 1L);
                curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
                curl_easy_setopt(c, CURLOPT_READDATA, &upload);
                curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
                                 chunked ? (curl_off_t)-1 : (curl_off_t)n);
        }
        CHECK(curl_easy_perform(c) == CURLE_OK);
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_cleanup(c);
        curl_slist_free_all(headers);
        return status;
}

TEST(serves_over_tls) {
        struct http_config c = test_config(answer, NULL);
        _cleanup_buf_ struct buf b = { 0 };
        struct fixture f;

        enter_folder();
        c.tls_cert = CERT;
        c.tls_key = KEY;
        set_up(&f, &c);
        CHECK(request(&f, "/", 0, false, &b) == 200);
        CHECK_STR(b.data, "secret");
        CHECK(request(&f, "/", 5, true, &b) == 201);
        buf_clear(&b);
        CHECK(request(&f, "/stream", 0, false, &b) == 200);
        CHECK_STR(b.data, "piece");
        buf_clear(&b);
        CHECK(request(&f, "/", 1000000, false, &b) == 413);
        CHECK_STR(b.data, "{\"status\":413}");
        buf_clear(&b);
        CHECK(request(&f, "/", 1000000, true, &b) == 413);
        CHECK_STR(b.data, "{\"status\":413}");
        tear_down(&f);
        leave_folder();
}

TEST(plain_text_to_a_tls_port) {
        struct http_config c = test_config(answer, NULL);
        _cleanup_buf_ struct buf b = { 0 };
        struct fixture f;
        int fd;

        enter_folder();
        c.tls_cert = CERT;
        c.tls_key = KEY;
        set_up(&f, &c);
        fd = dial(&f);
        say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(hear_end(fd, &b, 5000));
        CHECK(!has(&b, "HTTP") && !has(&b, "secret"));
        close(fd);
        tear_down(&f);
        leave_folder();
}

TEST(the_wrong_key_refuses_to_start) {
        struct http_config c = test_config(answer, NULL);
        struct http_server *s;
        struct loop *l;
        struct err err;

        enter_folder();
        CHECK(rename(KEY, "first") == 0);
        make_certificate(); /* another pair */
        CHECK(rename("first", KEY) == 0);
        c.tls_cert = CERT;
        c.tls_key = KEY;
        CHECK_OK(loop_new("test", &l, &err));
        CHECK(http_server_new(&c, &l, 1, &s, &err) < 0 && err.kind == ERR_INVALID);
        CHECK(strstr(err.msg, CERT) && strstr(err.msg, KEY));
        loop_free(l);
        leave_folder();
}
