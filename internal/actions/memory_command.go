package actions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// memoryDelivery is how long the host may take to fetch the command, in seconds.
const memoryDelivery = 60

// doMemory takes one step of: host online ─ upload begun, command sent ─ command ended ─ upload completed, image in evidence;
// *Pending in between. The open upload is the memory of it: one whose command is under way is gone on with, any other is aborted, so
// that there is never more than one that a host can write to.
func doMemory(ctx context.Context, env *action.Env, t memoryRequest, prior memoryState) error {
	if have, err := readEvidence(ctx, env, memoryResult); err != nil || have.SHA256 != "" {
		return err
	}
	m, open, err := openMemoryStore(ctx, env)
	if err != nil {
		return err
	}
	sent, err := memoryCommands(ctx, env, t)
	if err != nil {
		return err
	}
	var current *openUpload
	for i, u := range open {
		if len(sent[u.tag()]) > 0 && current == nil {
			current = &open[i]
		} else if err := m.abort(ctx, u); err != nil {
			return err
		}
	}
	if current == nil {
		if done, err := m.completedBefore(ctx, env, t, prior, sent); done || err != nil {
			return err
		}
		return sendMemory(ctx, env, t, prior, m)
	}
	r, end, err := awaitMemory(ctx, env, t, sent[current.tag()], current.started)
	if err == nil {
		err = m.complete(ctx, *current, r)
	}
	var bad *badUpload
	switch {
	case err == nil:
		return m.keep(ctx, env, t, prior, r, end)
	case errors.As(err, &bad): // the next attempt begins anew
		return errors.Join(err, m.abort(ctx, *current))
	default:
		return err
	}
}

// leaveMemory aborts the upload: no host that is let go keeps URLs to write with. The tool then ends with the part that is refused.
func leaveMemory(ctx context.Context, env *action.Env, _ memoryRequest) error {
	m, open, err := openMemoryStore(ctx, env)
	var skip *action.Skip
	if errors.As(err, &skip) {
		return nil
	}
	for _, u := range open {
		err = errors.Join(err, m.abort(ctx, u))
	}
	return err
}

// memoryComment marks the command of an upload: SendCommand has no client token, so a retry finds the first by it.
func memoryComment(caseID, tag string) string { return commandComment(caseID) + " memory " + tag }

// memoryCommands gives the ids of the case's commands by their uploads' tags.
func memoryCommands(ctx context.Context, env *action.Env, t memoryRequest) (map[string][]string, error) {
	sent := map[string][]string{}
	pages := ssm.NewListCommandsPaginator(env.SSM, &ssm.ListCommandsInput{InstanceId: &t.Target.ID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap("list the commands of instance", t.Target.ID, err)
		}
		for _, c := range page.Commands {
			if tag, ok := strings.CutPrefix(aws.ToString(c.Comment), memoryComment(t.Case, "")); ok {
				sent[tag] = append(sent[tag], aws.ToString(c.CommandId))
			}
		}
	}
	return sent, nil
}

// sendMemory begins an upload and sends the command that fills it, as soon as the host is online.
func sendMemory(ctx context.Context, env *action.Env, t memoryRequest, prior memoryState, m *memoryStore) error {
	started, err := startedAt(ctx, env, t.Case, "ec2.capture-memory")
	if err != nil {
		return err
	}
	if err := awaitOnline(ctx, env, t.Target.ID, started.Add(memoryDelivery*time.Second)); err != nil {
		return err
	}
	lives := time.Duration(t.Seconds) * time.Second
	if until, ends, err := m.signedUntil(ctx); err != nil {
		return err
	} else if ends && time.Until(until) < lives {
		env.Note("the presigned URLs end with Cordon's own credentials at %s, before ec2.memory.seconds are over", until.UTC().Format(time.RFC3339))
	}
	u, err := m.begin(ctx)
	if err != nil {
		return err
	}
	if err := m.command(ctx, env, t, prior, u, lives); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		return errors.Join(err, m.abort(ctx, u)) // also where the command was sent after all: its URLs are void then
	}
	return &action.Pending{After: env.Backoff(), Reason: "the host sends its memory"}
}

// signedUntil is when the credentials that sign the URLs end; ends is false where they do not.
func (m *memoryStore) signedUntil(ctx context.Context) (until time.Time, ends bool, err error) {
	c, err := m.s3.Options().Credentials.Retrieve(ctx)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("find the credentials to presign URLs with: %w", err)
	}
	return c.Expires, c.CanExpire, nil
}

func (m *memoryStore) command(
	ctx context.Context, env *action.Env, t memoryRequest, prior memoryState, u openUpload, lives time.Duration,
) error {
	size, count := memoryParts(prior.MiB)
	tool := t.Tools[prior.Platform]
	list, err := m.publish(ctx, env, u, tool, count, lives)
	if err != nil {
		return err
	}
	document, script, err := memoryScript(strings.HasPrefix(prior.Platform, "windows"), u.tag(), list, tool, size)
	if err != nil {
		return err
	}
	_, err = env.SSM.SendCommand(ctx, &ssm.SendCommandInput{
		InstanceIds: []string{t.Target.ID}, DocumentName: &document, Comment: aws.String(memoryComment(t.Case, u.tag())),
		TimeoutSeconds: aws.Int32(memoryDelivery),
		Parameters:     map[string][]string{"commands": {script}, "executionTimeout": {strconv.Itoa(t.Seconds)}},
	}, func(o *ssm.Options) { o.Retryer = cloud.Once() })
	return wrap("send the memory capture to", t.Target.ID, err)
}

// awaitMemory gives the report of an upload's commands: *Pending while one is under way, *badUpload where none has sent an image.
// There are two where an answer was lost; the one that ended last has the word.
func awaitMemory(
	ctx context.Context, env *action.Env, t memoryRequest, ids []string, started time.Time,
) (r memoryReport, end *ssm.GetCommandInvocationOutput, err error) {
	failure := ""
	for _, id := range ids {
		out, err := readCommand(ctx, env, t.Target.ID, id)
		switch late := started.Add(time.Duration(t.Seconds+memoryDelivery+30) * time.Second); {
		case err != nil:
			return r, nil, err
		case out == nil && time.Now().Before(late):
			return r, nil, &action.Pending{After: env.Backoff(), Reason: "the host sends its memory"}
		case out == nil:
			failure = fmt.Sprintf("command %s has not ended within %d s (ec2.memory.seconds)", id, t.Seconds)
			continue
		}
		report, text, ok := readMemoryReport(aws.ToString(out.StandardOutputContent))
		switch {
		case out.Status == ssmtypes.CommandInvocationStatusSuccess && ok:
			if end == nil || aws.ToString(out.ExecutionEndDateTime) > aws.ToString(end.ExecutionEndDateTime) {
				r, end = report, out
			}
		case text != "":
			failure = "the host says: " + text
		default:
			failure = fmt.Sprintf("command %s ended with %s, exit code %d, and says nothing of an image", id, aws.ToString(out.StatusDetails), out.ResponseCode)
		}
	}
	if end == nil {
		return r, nil, &badUpload{failure}
	}
	return r, end, nil
}

// completedBefore goes on where an earlier attempt completed the upload and came no further; done is false where there is no image.
func (m *memoryStore) completedBefore(
	ctx context.Context, env *action.Env, t memoryRequest, prior memoryState, sent map[string][]string,
) (done bool, err error) {
	have, ok, err := m.object(ctx)
	if err != nil || !ok {
		return false, err
	}
	var ids []string
	for _, tag := range sortedKeys(sent) {
		ids = append(ids, sent[tag]...)
	}
	r, end, err := awaitMemory(ctx, env, t, ids, time.Time{})
	var bad *badUpload
	switch {
	case err == nil && r.Bytes == have.Bytes:
		return true, m.keep(ctx, env, t, prior, r, end)
	case err != nil && !errors.As(err, &bad):
		return true, err
	}
	return true, fmt.Errorf("keep %s in evidence: there is an object of that name in the bucket, and no command of this case has sent it", memoryImage)
}

// memoryDocument is memory/result.json.
type memoryDocument struct {
	CommandID  string `json:"command_id"`
	Document   string `json:"document"`
	Platform   string `json:"platform"`
	Tool       string `json:"tool"`
	ToolSHA256 string `json:"tool_sha256"`
	Arguments  string `json:"arguments"`
	MemoryMiB  int64  `json:"memory_mib"` // of the instance's type
	Started    string `json:"started"`
	Ended      string `json:"ended"`

	Image    action.Artifact `json:"image"` // its sha256 is the hash of the parts' hashes, as the host computed it
	Parts    int             `json:"parts"`
	Uploaded action.Uploaded `json:"uploaded"` // S3's word
}

// keep takes the image into evidence, the result last: with it the step is done.
func (m *memoryStore) keep(
	ctx context.Context, env *action.Env, t memoryRequest, prior memoryState, r memoryReport, end *ssm.GetCommandInvocationOutput,
) error {
	u, ok, err := m.object(ctx)
	switch {
	case err != nil:
		return err
	case !ok || u.Bytes != r.Bytes:
		return fmt.Errorf("keep %s in evidence: the upload is completed, but S3 does not show it with its %d bytes", memoryImage, r.Bytes)
	}
	u.SHA256 = r.SHA256
	u.PartBytes, _ = memoryParts(prior.MiB)
	image, err := env.Evidence.Attest(ctx, memoryImage, u)
	if err != nil {
		return wrap("keep in evidence", memoryImage, err)
	}
	tool := t.Tools[prior.Platform]
	document, err := json.MarshalIndent(memoryDocument{
		CommandID: aws.ToString(end.CommandId), Document: aws.ToString(end.DocumentName), Platform: prior.Platform,
		Tool: tool.Tool, ToolSHA256: tool.SHA256, Arguments: strings.Join(tool.Arguments, " "), MemoryMiB: prior.MiB,
		Started: aws.ToString(end.ExecutionStartDateTime), Ended: aws.ToString(end.ExecutionEndDateTime),
		Image: image, Parts: r.Parts, Uploaded: u,
	}, "", "  ")
	if err != nil {
		return wrap("encode", memoryResult, err)
	}
	_, err = keepEvidence(ctx, env, memoryResult, append(document, '\n'))
	return err
}
