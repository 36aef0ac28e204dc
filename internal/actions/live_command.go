package actions

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// maxOutput bounds how much of one output is taken into evidence, in bytes.
const maxOutput = 16 << 20

// commandComment marks the case's command: SendCommand has no client token, so a retry finds the first by it.
func commandComment(caseID string) string { return "cordon " + caseID }

// findCommand gives the id of the case's command on the instance, "" if it was not sent yet.
func findCommand(ctx context.Context, env *action.Env, t liveRequest, document string) (string, error) {
	pages := ssm.NewListCommandsPaginator(env.SSM, &ssm.ListCommandsInput{InstanceId: &t.Target.ID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", wrap("list the commands of instance", t.Target.ID, err)
		}
		for _, c := range page.Commands {
			if aws.ToString(c.Comment) == commandComment(t.Case) && aws.ToString(c.DocumentName) == document {
				return aws.ToString(c.CommandId), nil
			}
		}
	}
	return "", nil
}

// sendCommand sends the commands; both reaching the host and running may take as long as window.
func sendCommand(
	ctx context.Context, env *action.Env, t liveRequest, document string, commands []string, window time.Duration,
) (string, error) {
	seconds := int32(window / time.Second)
	in := &ssm.SendCommandInput{
		InstanceIds: []string{t.Target.ID}, DocumentName: &document, Comment: aws.String(commandComment(t.Case)), TimeoutSeconds: &seconds,
		Parameters: map[string][]string{"commands": commands, "executionTimeout": {strconv.Itoa(int(seconds))}},
	}
	if bucket, prefix, ok := env.Evidence.Bucket(); ok {
		in.OutputS3BucketName, in.OutputS3KeyPrefix = &bucket, aws.String(prefix+"live-response")
	}
	out, err := env.SSM.SendCommand(ctx, in, func(o *ssm.Options) { o.Retryer = cloud.Once() })
	if err != nil {
		return "", wrap("send the live response commands to", t.Target.ID, err)
	}
	return aws.ToString(out.Command.CommandId), nil
}

// readCommand gives the end of a command, nil while it is under way.
func readCommand(ctx context.Context, env *action.Env, instance, id string) (*ssm.GetCommandInvocationOutput, error) {
	out, err := env.SSM.GetCommandInvocation(ctx, &ssm.GetCommandInvocationInput{CommandId: &id, InstanceId: &instance})
	switch {
	case cloud.Is(err, "InvocationDoesNotExist"): // Systems Manager has not registered it yet
		return nil, nil
	case err != nil:
		return nil, wrap("read command", id, err)
	}
	switch out.Status {
	case ssmtypes.CommandInvocationStatusPending, ssmtypes.CommandInvocationStatusInProgress,
		ssmtypes.CommandInvocationStatusDelayed, ssmtypes.CommandInvocationStatusCancelling:
		return nil, nil
	}
	return out, nil
}

// ran says whether the command began on the host, however it ended.
func ran(out *ssm.GetCommandInvocationOutput) bool {
	return aws.ToString(out.ExecutionStartDateTime) != ""
}

// commandResult is live-response/result.json.
type commandResult struct {
	CommandID string                     `json:"command_id"`
	Document  string                     `json:"document"`
	Commands  []string                   `json:"commands"`
	Status    string                     `json:"status"`
	ExitCode  int32                      `json:"exit_code"`
	Started   string                     `json:"started"`
	Ended     string                     `json:"ended"`
	Source    string                     `json:"source"` // where the output was read: "s3" or "api"
	Cut       bool                       `json:"cut"`    // there was more output than is kept
	Output    map[string]action.Artifact `json:"output"` // by name
}

// collectOutput takes the output into evidence, the result last: with it the step is done.
func collectOutput(
	ctx context.Context, env *action.Env, t liveRequest, end *ssm.GetCommandInvocationOutput, commands []string,
) error {
	r := commandResult{
		CommandID: aws.ToString(end.CommandId), Document: aws.ToString(end.DocumentName), Commands: commands,
		Status: aws.ToString(end.StatusDetails), ExitCode: end.ResponseCode,
		Started: aws.ToString(end.ExecutionStartDateTime), Ended: aws.ToString(end.ExecutionEndDateTime),
		Output: map[string]action.Artifact{},
	}
	output, err := outputOf(ctx, env, t.Target.ID, end, &r)
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(output) {
		if len(output[name]) == 0 {
			continue
		}
		if r.Output[name], err = keepEvidence(ctx, env, "live-response/"+name, output[name]); err != nil {
			return err
		}
	}
	if end.Status != ssmtypes.CommandInvocationStatusSuccess {
		env.Note("command %s ended with %s, exit code %d", r.CommandID, r.Status, r.ExitCode)
	}
	if r.Cut {
		env.Note("the output was cut: there was more than is kept")
	}
	document, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return wrap("encode", liveResult, err)
	}
	_, err = keepEvidence(ctx, env, liveResult, append(document, '\n'))
	return err
}

// outputOf reads the output from the evidence bucket, or, without one or with nothing in it, from Systems Manager.
func outputOf(
	ctx context.Context, env *action.Env, instance string, end *ssm.GetCommandInvocationOutput, r *commandResult,
) (map[string][]byte, error) {
	if bucket, prefix, ok := env.Evidence.Bucket(); ok {
		output, err := outputInBucket(ctx, env, bucket, prefix+"live-response/"+r.CommandID+"/"+instance+"/", r)
		switch {
		case cloud.Temporary(err):
			return nil, err
		case err != nil:
			env.Note("the output in the evidence bucket could not be read, so it is what systems manager gives: %v", err)
		case len(output) > 0:
			r.Source = "s3"
			return output, nil
		}
	}
	r.Source = "api"
	out, errs := aws.ToString(end.StandardOutputContent), aws.ToString(end.StandardErrorContent)
	r.Cut = len([]rune(out)) >= 24000 || len([]rune(errs)) >= 8000
	return map[string][]byte{"stdout.txt": []byte(out), "stderr.txt": []byte(errs)}, nil
}

func outputInBucket(ctx context.Context, env *action.Env, bucket, prefix string, r *commandResult) (map[string][]byte, error) {
	output := map[string][]byte{}
	pages := s3.NewListObjectsV2Paginator(env.S3, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list command output in s3://%s/%s: %w", bucket, prefix, err)
		}
		for _, o := range page.Contents {
			name := lastSegment(aws.ToString(o.Key)) + ".txt"
			if !strings.HasPrefix(name, "std") {
				continue
			}
			body, err := readObject(ctx, env, bucket, aws.ToString(o.Key))
			if err != nil {
				return nil, err
			}
			if len(body) > maxOutput {
				r.Cut, body = true, body[:maxOutput]
			}
			output[name] = body
		}
	}
	return output, nil
}

// readObject reads one byte more than maxOutput at most.
func readObject(ctx context.Context, env *action.Env, bucket, key string) ([]byte, error) {
	out, err := env.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("read command output s3://%s/%s: %w", bucket, key, err)
	}
	body, err := io.ReadAll(io.LimitReader(out.Body, maxOutput+1))
	if cerr := out.Body.Close(); err == nil {
		err = cerr
	}
	return body, wrap("read command output", key, err)
}
