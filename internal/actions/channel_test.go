package actions

import (
	"context"
	"errors"
	"testing"

	"cordon/internal/action"
)

// TestChannelLeft: only an isolation that was to leave a channel, and found nobody to leave it for, has left none.
func TestChannelLeft(t *testing.T) {
	for name, tc := range map[string]struct {
		status         action.Status
		request, prior string
		skips          bool
	}{
		"reached before":           {action.Done, `{"channel":true}`, `{"managed":true}`, false},
		"not reached before":       {action.Done, `{"channel":true}`, `{}`, true},
		"no channel asked for":     {action.Done, `{}`, `{}`, false},
		"isolation failed":         {action.Failed, `{"channel":true}`, `{}`, false},
		"a record nobody can read": {action.Done, `{`, `{}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			env := &action.Env{Records: func(context.Context) ([]action.Record, error) {
				return []action.Record{
					{Action: "ec2.tag", Status: action.Done, Request: []byte(`{"channel":true}`), Prior: []byte(`{}`)},
					{Action: "ec2.isolate-network", Status: tc.status, Request: []byte(tc.request), Prior: []byte(tc.prior)},
				}, nil
			}}
			err := channelLeft(t.Context(), env, action.On{Case: "c-1"})
			var skip *action.Skip
			if errors.As(err, &skip) != tc.skips || err != nil && !tc.skips {
				t.Errorf("error %v, want skipped: %v", err, tc.skips)
			}
		})
	}
}
