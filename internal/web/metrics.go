package web

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// meters count requests. Labels are routes as registered, never addresses, codes of enterprises or what was searched for.
type meters struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	running  prometheus.Gauge
}

func newMeters() *meters {
	m := &meters{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mianshen_http_requests_total", Help: "Requests answered."},
			[]string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mianshen_http_request_seconds", Help: "Time to answer a request.",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{Name: "mianshen_http_requests_running", Help: "Requests being answered."}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.running, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *meters) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// measure counts and times a request and answers its error, so that the status counted is the one that was sent.
func (s *Server) measure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		begun := s.cfg.Clock()
		s.meters.running.Inc()
		defer s.meters.running.Dec()
		if err := next(c); err != nil {
			s.fail(err, c)
		}
		route, status := c.Path(), c.Response().Status
		if route == "" || status == http.StatusNotFound && !known(route) {
			route = "none"
		}
		took := s.cfg.Clock().Sub(begun)
		s.meters.requests.WithLabelValues(method(c.Request().Method), route, strconv.Itoa(status)).Inc()
		s.meters.seconds.WithLabelValues(route).Observe(max(0, took.Seconds()))
		s.log.DebugContext(c.Request().Context(), "request", "route", route, "status", status, "took", took)
		return nil
	}
}

// known tells whether a path is a route of the table; others would let a caller make up labels.
func known(route string) bool {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch} {
		if access[method+" "+route].Roles != 0 {
			return true
		}
	}
	return false
}

// method keeps made-up methods out of the labels.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}
