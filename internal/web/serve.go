package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// stopWithin is how long requests that are being answered may still take when the server ends. It stays below the 30
// seconds after which supervisors kill.
const stopWithin = 25 * time.Second

// Serve listens at addr and answers until ctx is done; then it takes no more requests, finishes those under way, and
// returns nil. ready, which may be nil, is called with the address once connections are taken. An error means that it
// couldn't listen, or that requests had to be cut off.
func Serve(ctx context.Context, addr string, handler http.Handler, log *slog.Logger, ready func(net.Addr)) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", addr, err)
	}
	if log == nil {
		log = slog.Default()
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	if c, ok := handler.(interface{ Close() }); ok {
		server.RegisterOnShutdown(c.Close)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	if ready != nil {
		ready(l.Addr())
	}
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", addr, err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("stop serving on %s: %w", addr, err), server.Close())
	}
	return nil
}
