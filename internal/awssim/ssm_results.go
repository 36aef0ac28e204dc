package awssim

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

const (
	outputLimit  = 24000 // characters of StandardOutputContent
	errorLimit   = 8000  // characters of StandardErrorContent
	pluginLimit  = 2500  // characters of a plugin's Output
	ssmTimestamp = "2006-01-02T15:04:05.000Z"
)

// plugin is the name of the step of a command's document, such as aws:runShellScript.
func (c *ssmCommand) plugin() string {
	if c.Document == powerShellDocument {
		return "aws:runPowerShellScript"
	}
	return "aws:runShellScript"
}

// outputKey is the key of a host's output in the command's bucket.
func (c *ssmCommand) outputKey(id, stream string) string {
	step := strings.ReplaceAll(c.plugin(), ":", "")
	return path.Join(c.Prefix, c.ID, id, step, "0."+step, stream)
}

// outputURL is where the API says that a host's output is, "" without a bucket.
func (c *ssmCommand) outputURL(r *region, id, stream string) *string {
	if c.Bucket == "" {
		return aws.String("")
	}
	return aws.String("https://s3." + r.Name + ".amazonaws.com/" + c.Bucket + "/" + c.outputKey(id, stream))
}

func (c *ssmCommand) shown(r *region) ssmtypes.Command {
	status, details := c.statusOf()
	out := ssmtypes.Command{
		CommandId: &c.ID, DocumentName: &c.Document, DocumentVersion: aws.String("$DEFAULT"), Comment: &c.Comment,
		Parameters: c.Parameters, InstanceIds: c.Instances, Status: status, StatusDetails: &details,
		RequestedDateTime: &c.Sent, ExpiresAfter: aws.Time(c.Sent.Add(c.Delivery + c.Execution)),
		TimeoutSeconds: aws.Int32(int32(c.Delivery / time.Second)), TargetCount: int32(len(c.Invocations)),
		MaxConcurrency: aws.String("50"), MaxErrors: aws.String("0"), OutputS3Region: &r.Name,
		OutputS3BucketName: &c.Bucket, OutputS3KeyPrefix: &c.Prefix,
	}
	for _, v := range c.Invocations {
		switch v.Status {
		case ssmtypes.CommandInvocationStatusSuccess:
			out.CompletedCount++
		case ssmtypes.CommandInvocationStatusFailed:
			out.CompletedCount++
			out.ErrorCount++
		case ssmtypes.CommandInvocationStatusTimedOut:
			out.CompletedCount++
			out.DeliveryTimedOutCount++
		}
	}
	return clone(out)
}

// cut gives the first n characters of a text.
func cut(text string, n int) *string {
	if r := []rune(text); len(r) > n {
		text = string(r[:n])
	}
	return &text
}

func moment(t time.Time) *string {
	if t.IsZero() {
		return aws.String("")
	}
	return aws.String(t.UTC().Format(ssmTimestamp))
}

func getCommandInvocation(x *request, in *ssm.GetCommandInvocationInput) (*ssm.GetCommandInvocationOutput, error) {
	r := x.st.region(x.Region)
	c, ok := r.SSM.Commands[aws.ToString(in.CommandId)]
	if !ok || c.Invocations[aws.ToString(in.InstanceId)] == nil || x.now.Before(known(c, x.acct.opts)) {
		return nil, httpError(400, &ssmtypes.InvocationDoesNotExist{Message: aws.String("")})
	}
	if in.PluginName != nil && *in.PluginName != c.plugin() {
		return nil, httpError(400, &ssmtypes.InvalidPluginName{Message: aws.String("The plugin name is not valid.")})
	}
	v := c.Invocations[*in.InstanceId]
	out := &ssm.GetCommandInvocationOutput{
		CommandId: &c.ID, InstanceId: in.InstanceId, DocumentName: &c.Document, DocumentVersion: aws.String("$DEFAULT"),
		Comment: &c.Comment, PluginName: aws.String(c.plugin()), Status: v.Status, StatusDetails: &v.Details, ResponseCode: v.Code,
		StandardOutputContent: cut(v.Stdout, outputLimit), StandardErrorContent: cut(v.Stderr, errorLimit),
		StandardOutputUrl: c.outputURL(r, *in.InstanceId, "stdout"), StandardErrorUrl: c.outputURL(r, *in.InstanceId, "stderr"),
		ExecutionStartDateTime: moment(v.Started), ExecutionEndDateTime: aws.String(""), ExecutionElapsedTime: aws.String(""),
	}
	if !v.Started.IsZero() && !v.Ended.IsZero() {
		out.ExecutionEndDateTime = moment(v.Ended)
		out.ExecutionElapsedTime = aws.String(fmt.Sprintf("PT%.3fS", v.Ended.Sub(v.Started).Seconds()))
	}
	return clone(out), nil
}

// passes applies the filters of ListCommands and ListCommandInvocations that are simulated.
func (c *ssmCommand) passes(status, details string, filters []ssmtypes.CommandFilter) (bool, error) {
	for _, f := range filters {
		switch value := aws.ToString(f.Value); f.Key {
		case ssmtypes.CommandFilterKeyStatus:
			if value != status && value != strings.ReplaceAll(details, " ", "") {
				return false, nil
			}
		case ssmtypes.CommandFilterKeyDocumentName:
			if value != c.Document {
				return false, nil
			}
		default:
			return false, invalidFilterKey(string(f.Key))
		}
	}
	return true, nil
}

func listCommands(x *request, in *ssm.ListCommandsInput) (*ssm.ListCommandsOutput, error) {
	r := x.st.region(x.Region)
	if in.CommandId != nil {
		if _, err := r.SSM.command(in.CommandId); err != nil {
			return nil, err
		}
	}
	found := map[string]*ssmCommand{}
	for id, c := range r.SSM.Commands {
		status, details := c.statusOf()
		hit, err := c.passes(string(status), details, in.Filters)
		if err != nil {
			return nil, err
		}
		named := in.CommandId == nil || *in.CommandId == id
		if hit && named && (in.InstanceId == nil || slices.Contains(c.Instances, *in.InstanceId)) {
			found[commandKey(c)] = c
		}
	}
	page, next, err := ssmCut(sortedKeys(found), in.NextToken, in.MaxResults, 1)
	if err != nil {
		return nil, err
	}
	out := &ssm.ListCommandsOutput{Commands: []ssmtypes.Command{}, NextToken: next}
	for _, key := range page {
		out.Commands = append(out.Commands, found[key].shown(r))
	}
	return out, nil
}

func listCommandInvocations(x *request, in *ssm.ListCommandInvocationsInput) (*ssm.ListCommandInvocationsOutput, error) {
	r := x.st.region(x.Region)
	if in.CommandId != nil {
		if _, err := r.SSM.command(in.CommandId); err != nil {
			return nil, err
		}
	}
	found := map[string]ssmtypes.CommandInvocation{}
	for id, c := range r.SSM.Commands {
		if in.CommandId != nil && *in.CommandId != id || x.now.Before(known(c, x.acct.opts)) {
			continue
		}
		for instance, v := range c.Invocations {
			hit, err := c.passes(string(v.Status), v.Details, in.Filters)
			if err != nil {
				return nil, err
			}
			if hit && (in.InstanceId == nil || *in.InstanceId == instance) {
				found[commandKey(c)+"/"+instance] = c.invocation(r, instance, in.Details)
			}
		}
	}
	page, next, err := ssmCut(sortedKeys(found), in.NextToken, in.MaxResults, 1)
	if err != nil {
		return nil, err
	}
	out := &ssm.ListCommandInvocationsOutput{CommandInvocations: []ssmtypes.CommandInvocation{}, NextToken: next}
	for _, key := range page {
		out.CommandInvocations = append(out.CommandInvocations, found[key])
	}
	return out, nil
}

// invocation is a command on one host as the list shows it; details add the step's output.
func (c *ssmCommand) invocation(r *region, id string, details bool) ssmtypes.CommandInvocation {
	v := c.Invocations[id]
	out := ssmtypes.CommandInvocation{
		CommandId: &c.ID, InstanceId: &id, InstanceName: aws.String(""), DocumentName: &c.Document, DocumentVersion: aws.String("$DEFAULT"),
		Comment: &c.Comment, Status: v.Status, StatusDetails: &v.Details, RequestedDateTime: &c.Sent,
		StandardOutputUrl: c.outputURL(r, id, "stdout"), StandardErrorUrl: c.outputURL(r, id, "stderr"),
		CommandPlugins: []ssmtypes.CommandPlugin{},
	}
	if details {
		p := ssmtypes.CommandPlugin{
			Name: aws.String(c.plugin()), Status: ssmtypes.CommandPluginStatus(v.Status), StatusDetails: &v.Details, ResponseCode: v.Code,
			Output: cut(v.Stdout, pluginLimit), OutputS3BucketName: &c.Bucket, OutputS3KeyPrefix: &c.Prefix, OutputS3Region: &r.Name,
			StandardOutputUrl: out.StandardOutputUrl, StandardErrorUrl: out.StandardErrorUrl,
		}
		if !v.Started.IsZero() {
			p.ResponseStartDateTime = &v.Started
		}
		if !v.Ended.IsZero() {
			p.ResponseFinishDateTime = &v.Ended
		}
		out.CommandPlugins = append(out.CommandPlugins, p)
	}
	return clone(out)
}
