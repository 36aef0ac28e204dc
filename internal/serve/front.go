package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"cordon/internal/config"
	"cordon/internal/engine"
)

// The times that a client has, so that nobody holds a connection by being slow.
const (
	headerTime = 5 * time.Second
	bodyTime   = 15 * time.Second
	answerTime = 45 * time.Second
	idleTime   = time.Minute
	closeTime  = 5 * time.Second
)

// front is one HTTP server.
type front struct {
	what     string
	listener net.Listener
	server   *http.Server
	done     chan struct{}
}

// Certificate reads the certificate that the intake answers with, nil for none. TLS 1.2 is the least.
func Certificate(c config.TLS) (*tls.Config, error) {
	if c.Certificate == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// listen binds an address; nothing is answered before serve.
func listen(ctx context.Context, what, address string, secure *tls.Config, h http.Handler) (*front, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, &engine.SetupError{What: what, Hint: "is another process there? see serve in cordon.yaml", Err: err}
	}
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	return &front{what: what, listener: l, done: make(chan struct{}), server: &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, WriteTimeout: answerTime, IdleTimeout: idleTime,
		MaxHeaderBytes: 16 << 10,
	}}, nil
}

// serve answers until close. Requests' contexts come from ctx.
func (f *front) serve(ctx context.Context, log *slog.Logger) {
	f.server.BaseContext = func(net.Listener) context.Context { return ctx }
	f.server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	go func() {
		defer close(f.done)
		if err := f.server.Serve(f.listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("does not answer any more", "what", f.what, "error", err.Error())
		}
	}()
}

// close ends the server, with the requests that it is answering.
func (f *front) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if err := f.server.Shutdown(ctx); err != nil {
		_ = f.server.Close() // what is still open is cut
	}
	<-f.done
}
