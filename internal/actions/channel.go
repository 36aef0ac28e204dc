package actions

import (
	"context"
	"encoding/json"

	"cordon/internal/action"
)

// channelLeft is *action.Skip where the isolation of the case's instance is known to have left no way to Systems Manager,
// because that did not reach the host before: nothing that is asked of the host now could come to an end.
func channelLeft(ctx context.Context, env *action.Env, on action.On) error {
	records, err := env.Records(ctx)
	if err != nil {
		return wrap("read the records of case", on.Case, err)
	}
	for _, r := range records {
		if r.Action != "ec2.isolate-network" || r.Status != action.Done {
			continue
		}
		var asked isolateRequest
		var prior networkState
		if json.Unmarshal(r.Request, &asked) != nil || json.Unmarshal(r.Prior, &prior) != nil {
			return nil // it is not known
		}
		if asked.Channel && !prior.Managed {
			return action.Skipf("Systems Manager did not reach %s before it was isolated (agent, profile or network), so no channel was left open", on.Target.ID)
		}
	}
	return nil
}
