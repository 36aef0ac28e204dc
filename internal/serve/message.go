package serve

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"cordon/internal/finding"
)

// message answers one message of the queue, for which a place was reserved. It is deleted when every case of it is stored and
// answered as far as that goes; else it is delivered again after a while, and in the end is the redrive policy's.
func (s *Service) message(ctx context.Context, m types.Message) {
	received := time.Now()
	ctx, end := s.o.Telemetry.Span(ctx, "message", Label{"message", messageID(m)})
	if at, ok := sent(m); ok {
		s.o.Telemetry.Observe(MessageAge, received.Sub(at))
	}
	stop := s.heartbeat(ctx, m)
	err := s.answerMessage(ctx, m, received)
	stop()
	s.lastWord(ctx, m, err)
	end(err)
}

// answerMessage answers a message's findings; an error: the message is to be delivered again.
func (s *Service) answerMessage(ctx context.Context, m types.Message, received time.Time) error {
	body := aws.ToString(m.Body)
	findings, bad := finding.Decode(strings.NewReader(body))
	s.pool.add(len(findings) - 1)
	if detail, other := otherEvent([]byte(body)); len(findings) == 0 && other {
		s.count("sqs", "no-finding", 1)
		s.o.Log.Info("an event that is no finding: its message is deleted", "message", messageID(m), "detail_type", detail)
		return nil
	}
	if bad != nil {
		s.count("sqs", "unusable", 1)
		s.o.Log.Error("a message that is no usable finding: it is left to the queue's redrive policy", "message", messageID(m), "error", bad.Error())
	}
	all, err := s.accept(ctx, findings, received)
	if err != nil {
		s.pool.release(len(findings))
		s.said(ctx, "accept", err)
		s.count("sqs", "failed", len(findings))
		return err
	}
	s.count("sqs", "accepted", len(findings))
	errs := make([]error, len(all)+1)
	errs[len(all)] = bad
	var wg sync.WaitGroup
	for i, a := range all {
		wg.Go(func() { errs[i] = s.respond(ctx, a) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// heartbeat keeps the message from others until stop is called.
func (s *Service) heartbeat(ctx context.Context, m types.Message) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			sleep(ctx, visibility/3)
			if ctx.Err() != nil {
				return
			}
			if err := s.queue.hide(ctx, m, visibility); err != nil { // it is delivered again, and finds its cases
				s.said(ctx, "queue", err)
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}

// lastWord deletes a message, or says when it is to be delivered again.
func (s *Service) lastWord(ctx context.Context, m types.Message, outcome error) {
	ctx = context.WithoutCancel(ctx)
	var err error
	switch {
	case outcome == nil:
		err = s.queue.delete(ctx, m)
	case s.pool.stopped():
		err = s.queue.hide(ctx, m, 0) // another process may take it at once
	default:
		err = s.queue.hide(ctx, m, pauseAfter(m))
	}
	if err != nil { // it is delivered again, and finds its cases
		s.said(ctx, "queue", err)
		s.o.Log.Warn("a message will be delivered again", "message", messageID(m))
	}
}

// otherEvent says whether a document is an event of GuardDuty's that is no finding (a malware scan's result, say), as EventBridge
// sends it, by itself or through SNS.
func otherEvent(body []byte) (detailType string, ok bool) {
	var event struct {
		Source     string `json:"source"`
		DetailType string `json:"detail-type"`
		Type       string `json:"Type"`
		Message    string `json:"Message"`
	}
	if json.Unmarshal(body, &event) != nil {
		return "", false
	}
	if event.Type == "Notification" && event.Source == "" {
		if json.Unmarshal([]byte(event.Message), &event) != nil {
			return "", false
		}
	}
	other := event.Source == "aws.guardduty" && event.DetailType != "" && event.DetailType != "GuardDuty Finding"
	return event.DetailType, other
}
