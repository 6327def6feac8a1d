#include "cli/emulate/chart.h"

#include <math.h>
#include <stdio.h>

/* Of the picture, in its own units. */
#define WIDTH  640.0
#define HEIGHT 234.0
#define LEFT   52.0
#define RIGHT  12.0
#define TOP    12.0
#define FOOT   30.0

#define Y_TICKS 5
#define X_TICKS 8

#define DECADES_MOST 1e8 /* of a logarithmic scale: smaller values lie at its foot */

void html_text(struct buf *b, const char *s) {
        for (; *s; s++) {
                if (*s == '&')
                        buf_str(b, "&amp;");
                else if (*s == '<')
                        buf_str(b, "&lt;");
                else if (*s == '>')
                        buf_str(b, "&gt;");
                else if (*s == '"')
                        buf_str(b, "&quot;");
                else
                        buf_char(b, (char)((unsigned char)*s < 0x20 && *s != '\n' ? '?' : *s));
        }
}

double chart_nice(double v) {
        double ten = pow(10, floor(log10(v > 0 ? v : 1))), part = (v > 0 ? v : 1) / ten;

        if (part <= 1)
                return ten;
        if (part <= 2)
                return 2 * ten;
        return part <= 5 ? 5 * ten : 10 * ten;
}

/* --- scales --- */

struct scale {
        bool logarithmic;
        double low, high, step;
};

static void span(const struct chart *c, double *low, double *high) {
        *low = INFINITY;
        *high = 0;
        for (size_t l = 0; l < CHART_LINES_MAX && c->lines[l].name; l++) {
                for (size_t i = 0; i < c->n_buckets; i++) {
                        double v = c->lines[l].values[i];

                        if (v > *high)
                                *high = v;
                        if (v > 0 && v < *low)
                                *low = v;
                }
        }
}

static struct scale scale_of(const struct chart *c) {
        struct scale s = { .logarithmic = c->logarithmic };
        double low, high;

        span(c, &low, &high);
        if (high <= 0)
                high = 1;
        if (s.logarithmic) {
                low = fmax(fmin(low, high), high / DECADES_MOST);
                s.low = pow(10, floor(log10(low)));
                s.high = pow(10, ceil(log10(high)));
                if (s.high <= s.low)
                        s.high = 10 * s.low;
        } else {
                s.step = chart_nice(high / Y_TICKS);
                s.high = s.step * ceil(high / s.step);
        }
        return s;
}

static double y_of(const struct scale *s, double v) {
        double part;

        if (s->logarithmic)
                part = v <= s->low ? 0 : log10(v / s->low) / log10(s->high / s->low);
        else
                part = v / s->high;
        return HEIGHT - FOOT - part * (HEIGHT - TOP - FOOT);
}

static double x_of(const struct chart *c, double bucket) {
        return LEFT + bucket / (double)c->n_buckets * (WIDTH - LEFT - RIGHT);
}

/* --- parts --- */

/* 1234567 is 1.2M. */
static void short_number(struct buf *b, double v) {
        if (v >= 1e6)
                buf_printf(b, "%gM", v / 1e6);
        else if (v >= 1e4)
                buf_printf(b, "%gk", v / 1e3);
        else
                buf_printf(b, "%g", v);
}

static void write_y_tick(const struct scale *s, double v, struct buf *b) {
        double y = y_of(s, v);

        buf_printf(b, "<path class=\"grid\" d=\"M%.0f %.1fH%.0f\"/>", LEFT, y, WIDTH - RIGHT);
        buf_printf(b, "<text class=\"tick\" x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">", LEFT - 6,
                   y + 3.5);
        short_number(b, v);
        buf_str(b, "</text>");
}

static void write_y_axis(const struct scale *s, struct buf *b) {
        if (s->logarithmic) {
                int decades = (int)lround(log10(s->high / s->low));

                for (int i = 0; i <= decades; i++)
                        write_y_tick(s, s->low * pow(10, i), b);
                return;
        }
        for (int i = 0; i * s->step <= s->high * 1.01; i++)
                write_y_tick(s, i * s->step, b);
}

static void write_x_axis(const struct chart *c, struct buf *b) {
        double total = c->bucket_s * (double)c->n_buckets, step = chart_nice(total / X_TICKS);

        for (int i = 0; i * step <= total; i++)
                buf_printf(b,
                           "<text class=\"tick\" x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">%g%s"
                           "</text>",
                           x_of(c, i * step / c->bucket_s), HEIGHT - FOOT + 20, i * step,
                           i ? "" : " s");
}

/* A bucket between two without values is a dot. */
static bool is_alone(const double *values, size_t i, size_t n) {
        return (i == 0 || isnan(values[i - 1])) && (i + 1 == n || isnan(values[i + 1]));
}

static void write_line(const struct chart *c, const struct scale *s, size_t line, struct buf *b) {
        const double *values = c->lines[line].values;
        bool down = false;

        buf_printf(b, "<path class=\"line c%zu\" d=\"", line + 1);
        for (size_t i = 0; i < c->n_buckets; i++) {
                if (!isnan(values[i]))
                        buf_printf(b, "%c%.1f %.1f", down ? 'L' : 'M', x_of(c, (double)i + 0.5),
                                   y_of(s, values[i]));
                down = !isnan(values[i]);
        }
        buf_str(b, "\"/>");
        for (size_t i = 0; i < c->n_buckets; i++)
                if (!isnan(values[i]) && is_alone(values, i, c->n_buckets))
                        buf_printf(b,
                                   "<circle class=\"dot c%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>",
                                   line + 1, x_of(c, (double)i + 0.5), y_of(s, values[i]));
}

/* What is told of a bucket when one points at it. */
static void write_hint(const struct chart *c, size_t bucket, struct buf *b) {
        buf_printf(
                b,
                "<rect class=\"hit\" x=\"%.1f\" y=\"%.0f\" width=\"%.2f\" height=\"%.0f\"><title>"
                "%g s",
                x_of(c, (double)bucket), TOP, x_of(c, 1) - x_of(c, 0), HEIGHT - TOP - FOOT,
                (double)bucket * c->bucket_s);
        for (size_t l = 0; l < CHART_LINES_MAX && c->lines[l].name; l++) {
                double v = c->lines[l].values[bucket];

                if (isnan(v))
                        continue;
                buf_char(b, '\n');
                html_text(b, c->lines[l].name);
                buf_printf(b, v < 10 && v != trunc(v) ? ": %.2f %s" : ": %.0f %s", v, c->unit);
        }
        buf_str(b, "</title></rect>");
}

static void write_legend(const struct chart *c, struct buf *b) {
        buf_str(b, "<p class=\"legend\">");
        for (size_t l = 0; l < CHART_LINES_MAX && c->lines[l].name; l++) {
                buf_printf(b, "<span><i class=\"c%zu\"></i>", l + 1);
                html_text(b, c->lines[l].name);
                buf_str(b, "</span>");
        }
        buf_str(b, "</p>");
}

void chart_write(const struct chart *c, struct buf *b) {
        struct scale s = scale_of(c);

        buf_str(b, "<figure><figcaption><b>");
        html_text(b, c->title);
        buf_str(b, "</b> <span class=\"unit\">");
        html_text(b, c->unit);
        buf_str(b, c->logarithmic ? ", logarithmic" : "");
        buf_str(b, "</span>");
        if (*c->note) {
                buf_str(b, "<br><small>");
                html_text(b, c->note);
                buf_str(b, "</small>");
        }
        buf_str(b, "</figcaption>");
        write_legend(c, b);
        buf_printf(b, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
        html_text(b, c->title);
        buf_str(b, "\">");
        if (c->n_buckets) {
                write_y_axis(&s, b);
                write_x_axis(c, b);
                for (size_t l = 0; l < CHART_LINES_MAX && c->lines[l].name; l++)
                        write_line(c, &s, l, b);
                for (size_t i = 0; i < c->n_buckets; i++)
                        write_hint(c, i, b);
        }
        buf_str(b, "</svg></figure>\n");
}
