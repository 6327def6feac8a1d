#include "model/challenge.h"

#include "base/crypto.h"
#include "test.h"

#include <pthread.h>

/* Text in quotes that are single here, to be read more easily. */
static json_t *object(const char *text) {
        _cleanup_free_ char *copy = strdup(text);
        struct err err;
        json_t *o;

        for (char *c = copy; *c; c++)
                if (*c == '\'')
                        *c = '"';
        CHECK_OK(json_parse(copy, strlen(copy), &o, &err));
        return o;
}

static struct challenge *parse(const char *text) {
        _cleanup_json_ json_t *o = object(text);
        struct challenge *c;
        struct err err;

        CHECK_OK(challenge_parse(o, 5, 2, &c, &err));
        return c;
}

static void check_refused(const char *text, const char *message) {
        _cleanup_json_ json_t *o = object(text);
        struct challenge *c = NULL;
        struct err err;

        CHECK(challenge_parse(o, 5, 2, &c, &err) == -1);
        CHECK(err.kind == ERR_INVALID);
        CHECK(c == NULL);
        if (strstr(err.msg, message) != err.msg)
                CHECK_STR(err.msg, message);
}

/* The instance block INNER, beside an image. */
static void check_instance_refused(const char *inner, const char *message) {
        char text[1024], full[256];

        snprintf(text, sizeof(text), "{'name':'N','instance':{'image':'a',%s}}", inner);
        snprintf(full, sizeof(full), "instance.%s", message);
        check_refused(text, full);
}

static const char *const whole =
        "{'name':'Web 101','slug':'web-101','category':'web','description':'a\\nb','value':100,"
        "'state':'hidden','instance':{'image':'berth/web','ports':["
        "{'name':'web','port':8080,'protocol':'http'},{'name':'nc','port':7000,'protocol':'tcp'}],"
        "'command':['/app/serve','-v'],'environment':{'MODE':'demo','EMPTY':''},"
        "'limits':{'memory_mb':64,'cpu_milli':250,'pids':32,'connections':8},"
        "'isolation':{'writable_root':true},'egress':true,"
        "'probe':{'type':'http','port':'web','path':'/up','status':204,'timeout_seconds':10},"
        "'flag':{'template':'CTF{<hex>}','env':false,'file':'/flag/flag.txt'},"
        "'policy':{'base_seconds':60,'increment_seconds':30,'max_extensions':1,"
        "'max_lifetime_seconds':120},'runtime':'docker'}}";

TEST(every_member_is_read) {
        _cleanup_(challenge_unrefp) struct challenge *c = parse(whole);
        const struct instance_spec *s = &c->spec;

        CHECK(c->id == 5 && c->tenant == 2 && c->scoring.initial == 100 &&
              c->state == CHALLENGE_HIDDEN);
        CHECK_STR(c->title, "Web 101");
        CHECK_STR(c->slug, "web-101");
        CHECK_STR(c->category, "web");
        CHECK_STR(c->description, "a\nb");
        CHECK(c->has_instance && s->n_endpoints == 2);
        CHECK_STR(s->image, "berth/web");
        CHECK_STR(s->endpoints[0].name, "web");
        CHECK(s->endpoints[0].inner == 8080 && s->endpoints[0].protocol == PROTOCOL_HTTP);
        CHECK(s->endpoints[1].inner == 7000 && s->endpoints[1].protocol == PROTOCOL_TCP);
        CHECK_STR(s->command[1], "-v");
        CHECK(s->command[2] == NULL);
        CHECK_STR(s->env[0], "MODE=demo");
        CHECK_STR(s->env[1], "EMPTY=");
        CHECK(s->env[2] == NULL);
        CHECK(s->memory_mb == 64 && s->cpu_milli == 250 && s->pids == 32);
        CHECK(s->max_connections == 8 && s->writable_root && s->egress);
        CHECK_STR(s->runtime, "docker");
}

TEST(probe_flag_and_policy_are_read) {
        _cleanup_(challenge_unrefp) struct challenge *c = parse(whole);
        const struct instance_spec *s = &c->spec;

        CHECK(s->probe.kind == PROBE_HTTP && s->probe.endpoint == 0);
        CHECK(s->probe.status == 204 && s->probe.timeout_ms == 10000);
        CHECK_STR(s->probe.path, "/up");
        CHECK_STR(s->flag_template, "CTF{<hex>}");
        CHECK(!s->flag_env);
        CHECK_STR(s->flag_path, "/flag/flag.txt");
        CHECK(s->has_policy && s->policy.base_ms == 60000 && s->policy.increment_ms == 30000);
        CHECK(s->policy.max_extensions == 1 && s->policy.max_lifetime_ms == 120000);
}

TEST(defaults_are_safe) {
        _cleanup_(challenge_unrefp) struct challenge *c =
                parse("{'name':'N','instance':{'image':'a','ports':[{'port':80}],"
                      "'flag':{'template':'x'}}}");
        const struct instance_spec *s = &c->spec;

        CHECK(c->state == CHALLENGE_VISIBLE && c->scoring.initial == 0);
        CHECK(s->memory_mb == 256 && s->cpu_milli == 500 && s->pids == 128);
        CHECK(s->max_connections == 64 && !s->writable_root && !s->egress && !s->has_policy);
        CHECK(s->probe.kind == PROBE_TCP && s->probe.endpoint == 0);
        CHECK(s->probe.timeout_ms == 30000);
        CHECK(s->flag_env && s->flag_path == NULL && s->command == NULL && s->env == NULL);
        CHECK_STR(s->endpoints[0].name, "tcp");
}

TEST(without_ports_nothing_is_probed) {
        _cleanup_(challenge_unrefp) struct challenge *c =
                parse("{'name':'N','instance':{'image':'a'}}");

        CHECK(c->spec.n_endpoints == 0 && c->spec.probe.kind == PROBE_NONE);
}

TEST(an_http_probe_finds_its_port) {
        _cleanup_(challenge_unrefp) struct challenge *c =
                parse("{'name':'N','instance':{'image':'a','ports':[{'port':1},"
                      "{'port':2,'protocol':'http'}],'probe':{'type':'http'}}}");

        CHECK(c->spec.probe.endpoint == 1);
        CHECK_STR(c->spec.probe.path, "/");
        CHECK(c->spec.probe.status == 0);
}

TEST(a_tcp_probe_takes_the_port_that_is_named) {
        _cleanup_(challenge_unrefp) struct challenge *c =
                parse("{'name':'N','instance':{'image':'a','ports':[{'port':1,'name':'a'},"
                      "{'port':2,'name':'b'}],'probe':{'port':'b'}}}");

        CHECK(c->spec.probe.kind == PROBE_TCP && c->spec.probe.endpoint == 1);
}

TEST(a_text_is_a_command_for_the_shell) {
        _cleanup_(challenge_unrefp) struct challenge *c =
                parse("{'name':'N','instance':{'image':'a','command':'echo a; sleep 1'}}");

        CHECK_STR(c->spec.command[0], "/bin/sh");
        CHECK_STR(c->spec.command[1], "-c");
        CHECK_STR(c->spec.command[2], "echo a; sleep 1");
        CHECK(c->spec.command[3] == NULL);
}

TEST(numbers_in_the_environment_are_text) {
        _cleanup_(challenge_unrefp) struct challenge *c = parse(
                "{'name':'N','instance':{'image':'a','environment':{'PORT':8080,'DEBUG':true}}}");

        CHECK_STR(c->spec.env[0], "PORT=8080");
        CHECK_STR(c->spec.env[1], "DEBUG=true");
}

TEST(a_slug_is_made_from_the_name) {
        _cleanup_(challenge_unrefp) struct challenge *c =
                parse("{'name':' Web 101: Caf\\u00e9! '}");

        CHECK_STR(c->slug, "web-101-caf");
        CHECK(!c->has_instance);
}

TEST(a_dynamic_value_is_its_initial_one) {
        _cleanup_(challenge_unrefp) struct challenge *c =
                parse("{'name':'N','type':'dynamic','extra':{'initial':500,'decay':10}}");

        CHECK(c->scoring.initial == 500);
}

TEST(members_of_ctfcli_are_ignored) {
        _cleanup_(challenge_unrefp) struct challenge *c = parse(
                "{'name':'N','author':'me','hints':['a',{'content':'b','cost':1}],'flags':['x'],"
                "'image':'.','version':'0.1'}");

        CHECK(!c->has_instance);
}

static void check_round_trip(const char *text) {
        _cleanup_(challenge_unrefp) struct challenge *c = parse(text), *again = parse(c->text);

        CHECK_STR(again->text, c->text);
}

TEST(the_canonical_text_is_a_fixed_point) {
        check_round_trip(whole);
        check_round_trip("{'name':'N'}");
        check_round_trip("{'name':'N','instance':{'image':'a'}}");
        check_round_trip("{'name':'N','instance':{'image':'a','ports':[{'port':1}],"
                         "'probe':{'type':'exec','command':'true'},'command':'x'}}");
        check_round_trip("{'name':'N','instance':{'image':'a','ports':[{'port':1}],"
                         "'probe':{'type':'none'},'flag':{'template':'<uuid>'}}}");
}

TEST(names_are_checked) {
        check_refused("[]", "a challenge must be a mapping");
        check_refused("{}", "name: is missing");
        check_refused("{'name':''}", "name: is missing");
        check_refused("{'name':101}", "name: must be text; put it in quotes");
        check_refused("{'name':'a\\nb'}", "name: must be one line");
        check_refused("{'name':'\\u00e9'}", "slug: is missing, and none can be made");
        check_refused("{'name':'N','slug':'Web_1'}", "slug: must be of a-z");
        check_refused("{'name':'N','state':'open'}", "state: must be visible, hidden or locked");
        check_refused("{'name':'N','value':-1}", "value: must be a whole number from 0 to 1000000");
        check_refused("{'name':'N','value':1.5}", "value: must be a whole number");
        check_refused("{'name':'N','instance':[]}", "instance: must be a mapping");
        check_refused("{'name':'N','instance':{}}", "instance.image: is missing");
        check_refused("{'name':'N','instance':{'image':''}}", "instance.image: is missing");
        check_refused("{'name':'N','instance':{'image':'Not An Image'}}",
                      "instance.image: is no image reference");
}

TEST(what_an_instance_does_not_have_is_refused) {
        check_instance_refused("'limts':{}", "limts: is unknown; there are image, ports, command");
        check_instance_refused("'privileged':true", "privileged: is unknown");
        check_instance_refused("'limits':{'memory':64}",
                               "limits.memory: is unknown; there are memory_mb, cpu_milli, pids");
        check_instance_refused("'isolation':{'capabilities':[]}",
                               "isolation.capabilities: is unknown");
        check_instance_refused("'probe':{'interval':1}", "probe.interval: is unknown");
        check_instance_refused("'flag':{'value':'x'}", "flag.value: is unknown");
        check_instance_refused("'policy':{'base':1}", "policy.base: is unknown");
        check_instance_refused("'ports':[{'port':1,'udp':true}]", "ports[0].udp: is unknown");
}

TEST(ports_are_checked) {
        check_instance_refused("'ports':8080", "ports: must be a list");
        check_instance_refused("'ports':[8080]", "ports[0]: must be like {name: web, port: 8080}");
        check_instance_refused("'ports':[{'name':'a'}]", "ports[0].port: is missing");
        check_instance_refused("'ports':[{'port':0}]",
                               "ports[0].port: must be a whole number from 1 to 65535");
        check_instance_refused("'ports':[{'port':65536}]", "ports[0].port: must be a whole");
        check_instance_refused("'ports':[{'port':'80'}]", "ports[0].port: must be a whole");
        check_instance_refused("'ports':[{'port':1},{'port':2}]",
                               "ports[1].name: \"tcp\" is the name of an earlier port");
        check_instance_refused("'ports':[{'port':1},{'port':1,'name':'b'}]",
                               "ports[1].port: 1 is listed twice");
        check_instance_refused("'ports':[{'port':1,'protocol':'udp'}]",
                               "ports[0].protocol: must be tcp, http, https or ssh");
        check_instance_refused("'ports':[{'port':1,'name':'A b'}]", "ports[0].name: must be of");
        check_instance_refused("'ports':[{},{},{},{},{},{},{},{},{}]",
                               "ports: has more than 8 ports");
}

TEST(limits_are_checked) {
        check_instance_refused("'limits':{'memory_mb':3}",
                               "limits.memory_mb: must be a whole number from 4 to 65536");
        check_instance_refused("'limits':{'memory_mb':65537}", "limits.memory_mb: must be");
        check_instance_refused("'limits':{'cpu_milli':9}",
                               "limits.cpu_milli: must be a whole number from 10 to 64000");
        check_instance_refused("'limits':{'pids':0}",
                               "limits.pids: must be a whole number from 1 to 4096");
        check_instance_refused("'limits':{'pids':-1}", "limits.pids: must be");
        check_instance_refused("'limits':{'pids':1e9}", "limits.pids: must be");
        check_instance_refused("'limits':{'connections':0}", "limits.connections: must be");
        check_instance_refused("'limits':64", "limits: must be a mapping");
        check_instance_refused("'egress':'yes'", "egress: must be true or false");
        check_instance_refused("'isolation':{'writable_root':1}",
                               "isolation.writable_root: must be true or false");
        check_instance_refused("'runtime':'Docker!'", "runtime: must be of a-z");
}

TEST(commands_and_environment_are_checked) {
        check_instance_refused("'command':[]", "command: must have 1 to 64 arguments");
        check_instance_refused("'command':''", "command: must be a list of texts, or one text");
        check_instance_refused("'command':{}", "command: must be a list of texts, or one text");
        check_instance_refused("'command':['a',1]", "command[1]: must be text");
        check_instance_refused("'environment':[]", "environment: must be a mapping");
        check_instance_refused("'environment':{'1A':'x'}", "environment.1A: must have a name");
        check_instance_refused("'environment':{'A':1.5}", "environment.A: must be text");
        check_instance_refused("'environment':{'A':null}", "environment.A: must be text");
        check_instance_refused("'flag':{'template':'x'},'environment':{'FLAG':'y'}",
                               "environment.FLAG: is already set, by flag.env");
}

TEST(probes_are_checked) {
        check_instance_refused("'probe':{'type':'icmp'}",
                               "probe.type: must be tcp, http, exec or none");
        check_instance_refused("'probe':{'type':'tcp'}",
                               "probe.type: must be exec or none: the instance has no ports");
        check_instance_refused("'probe':{'type':'exec'}", "probe.command: is missing");
        check_instance_refused("'probe':{'path':'/'}", "probe.path: is for probes of type http");
        check_instance_refused("'probe':{'type':'exec','command':'a','port':'b'}",
                               "probe.port: is for probes of type tcp or http");
        check_instance_refused("'ports':[{'port':1}],'probe':{'port':'b'}",
                               "probe.port: names no port of this instance");
        check_instance_refused("'ports':[{'port':1}],'probe':{'type':'http','path':'a'}",
                               "probe.path: must begin with a slash");
        check_instance_refused("'ports':[{'port':1}],'probe':{'type':'http','status':42}",
                               "probe.status: must be a whole number from 100 to 599");
        check_instance_refused("'probe':{'timeout_seconds':0}",
                               "probe.timeout_seconds: must be a whole number from 1 to 600");
}

TEST(flags_are_checked) {
        check_instance_refused("'flag':{}", "flag.template: is missing");
        check_instance_refused("'flag':{'template':'<hax>'}",
                               "flag.template: unknown placeholder \"<hax>\"");
        check_instance_refused("'flag':{'template':''}", "flag.template: the flag is empty");
        check_instance_refused("'flag':{'template':'x','file':'flag'}",
                               "flag.file: must be an absolute path");
        check_instance_refused("'flag':{'template':'x','file':'/a/../etc/passwd'}",
                               "flag.file: must be an absolute path");
        check_instance_refused("'flag':{'template':'x','env':false}",
                               "flag.env: is false and there is no file");
}

TEST(policies_are_checked) {
        check_instance_refused("'policy':{'base_seconds':0}",
                               "policy.base_seconds: must be a whole number from 1 to");
        check_instance_refused("'policy':{'increment_seconds':0}",
                               "policy.increment_seconds: must be a whole number from 1 to");
        check_instance_refused("'policy':{'max_extensions':1001}",
                               "policy.max_extensions: must be a whole number from 0 to 1000");
        check_instance_refused(
                "'policy':{'base_seconds':6000}",
                "policy.base_seconds: is 6000, more than max_lifetime_seconds (5400)");
}

static void *use(void *arg) {
        for (int i = 0; i < 20000; i++)
                challenge_unref(challenge_ref(arg));
        return NULL;
}

TEST(references_are_counted_across_threads) {
        struct challenge *c = parse(whole);
        pthread_t threads[4];

        for (int i = 0; i < 4; i++)
                CHECK(pthread_create(&threads[i], NULL, use, c) == 0);
        for (int i = 0; i < 4; i++)
                CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(c->refs == 1);
        CHECK(challenge_unref(c) == NULL);
        CHECK(challenge_unref(NULL) == NULL);
}
