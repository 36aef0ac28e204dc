package serve

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/notify"
)

// Options are a service's parts. Config and Log are needed; Queue where Config names one, Key where it listens.
type Options struct {
	Config    config.Serve
	Queue     *sqs.Client
	Key       notify.Secret
	Log       *slog.Logger // what it is given may be foreign text: its handler escapes
	Telemetry Telemetry    // nil for none
	Metrics   http.Handler // answers /metrics; nil: 404
}

// Service takes findings in and looks after cases. Make it with New, give its Progress and Places to the engine, then Run it once.
type Service struct {
	o    Options
	pool *pool
	key  *apiKey

	engine *engine.Engine
	store  casefile.Store
	queue  *queue

	work   context.Context // of what answers; it ends when that is abandoned
	jobs   group           // what answers
	inHand hands           // the cases that it is to answer, or answers
	ready  readiness
}

// containmentTime bounds how long a stop waits for containments that run.
const containmentTime = 2 * time.Minute

// writeTime is what is left then to write down what was done.
const writeTime = 5 * time.Second

// StopsWithin is what a stop takes at most, beside the stop timeout.
const StopsWithin = containmentTime + writeTime + 2*closeTime

// ErrStoppedAtOnce says that the service was stopped before what ran had gone to its end: it goes on at the next start.
var ErrStoppedAtOnce = errors.New("stopped at once: what was running goes on at the next start")

// New makes a service. It calls nobody.
func New(o Options) *Service {
	if o.Telemetry == nil {
		o.Telemetry = none{}
	}
	return &Service{
		o: o, pool: newPool(o.Config.Workers, o.Telemetry), key: &apiKey{secret: o.Key}, queue: &queue{o.Queue, o.Config.Queue},
		inHand: hands{cases: map[string]*hand{}},
	}
}

// Places are the engine's: a worker is free when a containment is over.
func (s *Service) Places() engine.Places { return s.pool }

// Progress is the engine's: it writes the log.
func (s *Service) Progress(e engine.Event) {
	level := slog.LevelInfo
	switch e.Status {
	case string(action.Failed), string(action.Conflict), string(casefile.Partial):
		level = slog.LevelWarn
	case string(action.Doing):
		level = slog.LevelDebug
	default:
	}
	what := "case"
	if e.Action != "" {
		what = "step"
	}
	s.o.Log.Log(context.Background(), level, what, "case", e.Case, "target", e.Target.String(), "action", e.Action, "status", e.Status,
		"text", e.Text, "took_ms", e.Took.Milliseconds())
}

// Run serves until ctx ends, and then stops gracefully: nothing new is taken in, containments go to their end, evidence may go on
// for the stop timeout; what is left goes on at the next start. When now is closed it stops at once: ErrStoppedAtOnce.
// An error at the start is an *engine.SetupError.
func (s *Service) Run(ctx context.Context, now <-chan struct{}, e *engine.Engine, store casefile.Store) error {
	s.engine, s.store = e, store
	fronts, err := s.open(ctx)
	if err != nil {
		return err
	}
	var abandon, giveUp context.CancelFunc
	s.work, abandon = context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	aside, giveUp := context.WithCancel(s.work)
	defer giveUp()
	for _, f := range fronts {
		f.serve(s.work, s.o.Log)
	}
	var loops sync.WaitGroup
	s.loops(ctx, aside, &loops)
	if err := tellSystemd("READY=1"); err != nil {
		s.o.Log.Warn("the service manager was not told", "error", err.Error())
	}
	<-ctx.Done()
	s.o.Log.Info("stopping: nothing new is taken in; what runs goes to its end", "evidence_for", s.o.Config.StopTimeout.String())
	_ = tellSystemd("STOPPING=1") // where it cannot be said, that was said at the start
	s.ready.stop()
	s.pool.stop()
	health := fronts[0]
	for _, f := range fronts[1:] {
		f.close(s.work)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		loops.Wait()
		s.jobs.wait()
	}()
	err = s.finish(over, now, giveUp, abandon)
	health.close(s.work)
	s.o.Log.Info("stopped")
	return err
}

// finish waits for what runs, gives evidence up in time, and everything where it takes too long.
func (s *Service) finish(over, now <-chan struct{}, giveUp, abandon func()) error {
	evidence := time.NewTimer(time.Duration(s.o.Config.StopTimeout))
	defer evidence.Stop()
	all := time.NewTimer(time.Duration(s.o.Config.StopTimeout) + containmentTime)
	defer all.Stop()
	for {
		select {
		case <-over:
			return nil
		case <-evidence.C:
			s.o.Log.Warn("evidence is given up: it goes on at the next start")
			s.pool.giveUp()
			giveUp()
		case <-all.C:
			s.o.Log.Error("a containment does not end: it goes on at the next start")
			abandon()
			all.Reset(writeTime)
			select {
			case <-over:
				return nil
			case <-all.C:
				return ErrStoppedAtOnce
			}
		case <-now:
			abandon()
			select {
			case <-over: // what was done is written down
			case <-time.After(writeTime):
			}
			return ErrStoppedAtOnce
		}
	}
}

// open reads the key and opens the doors: the health page, and the intake.
func (s *Service) open(ctx context.Context) (fronts []*front, err error) {
	defer func() {
		if err != nil {
			for _, f := range fronts {
				f.listener.Close()
			}
		}
	}()
	health, err := listen(ctx, "health page", s.o.Config.Health, nil, s.health())
	if err != nil {
		return nil, err
	}
	fronts = append(fronts, health)
	if s.o.Config.Listen != "" {
		if err := s.key.load(ctx); err != nil {
			return fronts, &engine.SetupError{What: "intake's key", Hint: "see serve.api_key in cordon.yaml", Err: err}
		}
		cert, err := Certificate(s.o.Config.TLS)
		if err != nil {
			return fronts, &engine.SetupError{What: "intake's certificate", Hint: "see serve.tls in cordon.yaml", Err: err}
		}
		intake, err := listen(ctx, "intake", s.o.Config.Listen, cert, s.intake())
		if err != nil {
			return fronts, err
		}
		fronts = append(fronts, intake)
	}
	for _, f := range fronts {
		s.o.Log.Info("listening", "what", f.what, "address", f.listener.Addr().String())
	}
	return fronts, nil
}

// loops starts what goes on until ctx ends. What they do aside from findings ends with aside.
func (s *Service) loops(ctx, aside context.Context, wg *sync.WaitGroup) {
	if s.o.Config.Queue != "" {
		wg.Go(func() { s.poll(ctx) })
		wg.Go(func() { every(ctx, depthEvery, func() { s.measure(ctx) }) })
	}
	if s.o.Config.Listen != "" {
		wg.Go(func() { s.key.keep(ctx, func(err error) { s.said(ctx, "api-key", err) }) })
	}
	wg.Go(func() { s.goOn(ctx) })
	wg.Go(func() { every(ctx, noticesEvery, func() { s.said(aside, "notices", s.engine.SendUnsent(aside)) }) })
	wg.Go(func() { every(ctx, noticesEvery, func() { s.questions(ctx, aside) }) })
	if s.o.Config.Watch.Drift != config.DriftOff {
		wg.Go(func() { s.watch(ctx, aside) })
	}
}

// said logs and counts an error of a part of the service.
func (s *Service) said(ctx context.Context, part string, err error) {
	if err == nil || ctx.Err() != nil {
		return
	}
	s.o.Telemetry.Count(Errors, 1, Label{"kind", part}, Label{"code", code(err)})
	s.o.Log.Error("could not do all of it", "part", part, "error", err.Error())
}

// every does something at once and then again and again, until ctx ends.
func every(ctx context.Context, interval time.Duration, do func()) {
	for ctx.Err() == nil {
		do()
		sleep(ctx, interval)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
