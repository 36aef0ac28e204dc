package actions

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"cordon/internal/action"
)

// liveRequest: what to run on which platform, and for how many seconds the host is waited for and the commands may run.
// The commands come from the configuration alone.
type liveRequest struct {
	action.On
	Commands        []string `json:"commands"`
	WindowsCommands []string `json:"windows_commands"`
	Seconds         int      `json:"seconds"`
}

// liveState says whether the answer is in evidence.
type liveState struct {
	Platform  string `json:"platform,omitempty"` // Linux, Windows or MacOS; "" once collected
	Collected bool   `json:"collected"`
}

const liveResult = "live-response/result.json"

func liveResponse() action.Action {
	return action.New(action.Spec[liveRequest, liveState]{
		ID:      "ec2.live-response",
		Summary: "Runs the configured commands on the host through Systems Manager and keeps what they print.",
		Details: "The commands are those of ec2.live_response and nothing else; nothing from a finding enters them. They run " +
			"while isolation leaves 443 out to Systems Manager, which ec2.seal-network closes afterwards. Where that did not " +
			"reach the host before, isolation leaves nothing open, and the step is skipped at once. A host that " +
			"does not come online within the configured seconds fails the step. Output goes through the evidence bucket where the " +
			"vault is one and the host's profile may write to it; else Systems Manager gives the first 24,000 characters. An " +
			"intruder with root can make the host say anything.",
		Permissions: []string{
			"s3:GetObject", "s3:ListBucket", "ssm:DescribeInstanceInformation", "ssm:GetCommandInvocation", "ssm:ListCommands",
			"ssm:SendCommand",
		},
		Irreversible: "the output is evidence, and commands that ran cannot be taken back",
		Observe:      observeLive,
		Expect:       func(_ liveRequest, prior liveState) liveState { return liveState{Collected: true} },
		Do:           runLive,
		Verify: func(_ liveRequest, _, after liveState) error {
			if !after.Collected {
				return fmt.Errorf("%s is not in the case's evidence", liveResult)
			}
			return nil
		},
	})
}

func observeLive(ctx context.Context, env *action.Env, t liveRequest, known *liveState) (liveState, error) {
	if len(t.Commands) == 0 && len(t.WindowsCommands) == 0 {
		return liveState{}, action.Skipf("no live response configured")
	}
	have, err := readEvidence(ctx, env, liveResult)
	switch {
	case err != nil:
		return liveState{}, err
	case have.SHA256 != "":
		return liveState{Collected: true}, nil
	case known != nil:
		return *known, nil
	}
	if err := channelLeft(ctx, env, t.On); err != nil {
		return liveState{}, err
	}
	info, err := managedInstance(ctx, env, t.Target.ID)
	switch {
	case err != nil:
		return liveState{}, err
	case info == nil:
		return liveState{}, action.Skipf("%s is not managed by Systems Manager (it needs the agent, a profile that allows it, and 443 out)", t.Target.ID)
	}
	s := liveState{Platform: string(info.PlatformType)}
	if _, commands := s.document(t); len(commands) == 0 {
		return s, action.Skipf("no live response configured for %s", s.Platform)
	}
	return s, nil
}

// managedInstance gives what Systems Manager knows of the instance, nil if it does not manage it.
func managedInstance(ctx context.Context, env *action.Env, id string) (*ssmtypes.InstanceInformation, error) {
	pages := ssm.NewDescribeInstanceInformationPaginator(env.SSM, &ssm.DescribeInstanceInformationInput{
		Filters: []ssmtypes.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: []string{id}}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap("ask systems manager for instance", id, err)
		}
		for _, info := range page.InstanceInformationList {
			return &info, nil
		}
	}
	return nil, nil
}

// document is the Systems Manager document for the platform, and the commands to give it.
func (s liveState) document(t liveRequest) (name string, commands []string) {
	if s.Platform == string(ssmtypes.PlatformTypeWindows) {
		return "AWS-RunPowerShellScript", t.WindowsCommands
	}
	return "AWS-RunShellScript", t.Commands
}

// runLive takes one step of: host online ─ command sent ─ command ended ─ output kept; *Pending in between.
func runLive(ctx context.Context, env *action.Env, t liveRequest, prior liveState) error {
	if have, err := readEvidence(ctx, env, liveResult); err != nil || have.SHA256 != "" {
		return err
	}
	started, err := startedAt(ctx, env, t.Case, "ec2.live-response")
	if err != nil {
		return err
	}
	window := time.Duration(max(t.Seconds, 30)) * time.Second // Systems Manager's least
	document, commands := prior.document(t)
	id, err := findCommand(ctx, env, t, document)
	if err != nil {
		return err
	}
	if id == "" {
		if err := channelOpen(ctx, env, t.Case); err != nil {
			return err
		}
		if err := awaitOnline(ctx, env, t.Target.ID, started.Add(window)); err != nil {
			return err
		}
		if id, err = sendCommand(ctx, env, t, document, commands, window); err != nil {
			return err
		}
	}
	end, err := readCommand(ctx, env, t.Target.ID, id)
	switch {
	case err != nil:
		return err
	case end == nil && time.Now().Before(started.Add(2*window+30*time.Second)):
		return &action.Pending{After: env.Backoff(), Reason: "command " + id + " is running"}
	case end == nil:
		return fmt.Errorf("run command %s on %s: it has not ended within %s", id, t.Target.ID, 2*window)
	case !ran(end):
		return fmt.Errorf("run command %s on %s: the host did not take it (%s)", id, t.Target.ID, aws.ToString(end.StatusDetails))
	}
	return collectOutput(ctx, env, t, end, commands)
}

// channelOpen skips what needs the channel once ec2.seal-network has closed it: a release, or another run, came in between.
func channelOpen(ctx context.Context, env *action.Env, caseID string) error {
	records, err := env.Records(ctx)
	if err != nil {
		return wrap("read the records of case", caseID, err)
	}
	for _, r := range records {
		if r.Action == "ec2.seal-network" && r.Status == action.Done {
			return action.Skipf("the channel to the host was sealed before: the case was taken over while live response waited")
		}
	}
	return nil
}

// startedAt is when a step began in the case: the time to wait for the host counts from there.
func startedAt(ctx context.Context, env *action.Env, caseID, step string) (time.Time, error) {
	records, err := env.Records(ctx)
	if err != nil {
		return time.Time{}, wrap("read the records of case", caseID, err)
	}
	for _, r := range records {
		if r.Action == step {
			return r.Started, nil
		}
	}
	return time.Now(), nil
}

// awaitOnline is *Pending until the host's agent answers, and an error from the deadline on.
func awaitOnline(ctx context.Context, env *action.Env, id string, deadline time.Time) error {
	info, err := managedInstance(ctx, env, id)
	switch {
	case err != nil:
		return err
	case info != nil && info.PingStatus == ssmtypes.PingStatusOnline:
		return nil
	case time.Now().Before(deadline):
		return &action.Pending{After: min(env.Backoff(), 5*time.Second), Reason: id + " is not online in Systems Manager yet"}
	}
	return fmt.Errorf("reach %s through systems manager: it did not come online in time; check that its profile allows Systems "+
		"Manager and that 443 to it is open", id)
}
