package awssim

import (
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

const (
	shellDocument      = "AWS-RunShellScript"
	powerShellDocument = "AWS-RunPowerShellScript"
)

// sendCommand takes the two documents that run scripts. Hosts are named by InstanceIds; Targets are not simulated.
func sendCommand(x *request, in *ssm.SendCommandInput) (*ssm.SendCommandOutput, error) {
	r := x.st.region(x.Region)
	if len(in.Targets) > 0 {
		return nil, apiError(501, "UnsimulatedOperation", "SendCommand by Targets is not simulated")
	}
	if err := checkSend(in); err != nil {
		return nil, err
	}
	execution, err := checkParameters(in.Parameters)
	if err != nil {
		return nil, err
	}
	for i, id := range in.InstanceIds {
		if slices.Contains(in.InstanceIds[:i], id) {
			return nil, httpError(400, &ssmtypes.DuplicateInstanceId{Message: aws.String("Duplicate instance id " + id)})
		}
		if r.SSM.Agents[id] == nil {
			return nil, invalidInstanceID(id)
		}
		if (r.platform(id) == ssmtypes.PlatformTypeWindows) != (*in.DocumentName == powerShellDocument) {
			return nil, httpError(400, &ssmtypes.UnsupportedPlatformType{Message: aws.String("The document " + *in.DocumentName + " does not support the platform of " + id)})
		}
	}
	c := &ssmCommand{
		ID: x.st.uuid(), Document: *in.DocumentName, Comment: aws.ToString(in.Comment), Parameters: clone(in.Parameters),
		Instances: clone(in.InstanceIds), Execution: execution, Delivery: time.Hour, Sent: x.now, Sender: x.Principal,
		Bucket: aws.ToString(in.OutputS3BucketName), Prefix: aws.ToString(in.OutputS3KeyPrefix), Invocations: map[string]*ssmInvocation{},
	}
	if in.TimeoutSeconds != nil {
		c.Delivery = time.Duration(*in.TimeoutSeconds) * time.Second
	}
	for _, id := range in.InstanceIds {
		c.Invocations[id] = &ssmInvocation{Status: ssmtypes.CommandInvocationStatusPending, Details: "Pending", Code: -1}
	}
	r.SSM.Commands[c.ID] = c
	return &ssm.SendCommandOutput{Command: new(c.shown(r))}, nil
}

func checkSend(in *ssm.SendCommandInput) error {
	switch {
	case aws.ToString(in.DocumentName) != shellDocument && aws.ToString(in.DocumentName) != powerShellDocument:
		return httpError(400, &ssmtypes.InvalidDocument{Message: aws.String("Document with name " + aws.ToString(in.DocumentName) + " does not exist.")})
	case len(in.InstanceIds) == 0:
		return invalidInstanceID()
	case len(in.InstanceIds) > 50:
		return ssmValidation("1 validation error detected: Value at 'instanceIds' failed to satisfy constraint: Member must have length less than or equal to 50")
	case len([]rune(aws.ToString(in.Comment))) > 100:
		return ssmValidation("1 validation error detected: Value at 'comment' failed to satisfy constraint: Member must have length less than or equal to 100")
	case in.TimeoutSeconds != nil && (*in.TimeoutSeconds < 30 || *in.TimeoutSeconds > 2592000):
		return ssmValidation("1 validation error detected: Value '%d' at 'timeoutSeconds' failed to satisfy constraint: Member must be between 30 and 2592000", *in.TimeoutSeconds)
	case in.OutputS3BucketName != nil && !bucketName.MatchString(*in.OutputS3BucketName):
		return ssmValidation("1 validation error detected: Value '%s' at 'outputS3BucketName' is not the name of a bucket", *in.OutputS3BucketName)
	}
	return nil
}

// checkParameters holds the parameters against the documents' schema and gives the script's time limit.
func checkParameters(p map[string][]string) (time.Duration, error) {
	invalid := func(text string) error {
		return httpError(400, &ssmtypes.InvalidParameters{Message: &text})
	}
	for _, name := range sortedKeys(p) {
		if !slices.Contains([]string{"commands", "workingDirectory", "executionTimeout"}, name) {
			return 0, invalid("document does not support parameters: " + name)
		}
	}
	if len(p["commands"]) == 0 {
		return 0, invalid("Missing required parameter: commands")
	}
	limit := p["executionTimeout"]
	if len(limit) == 0 {
		return time.Hour, nil
	}
	n, err := strconv.Atoi(limit[0])
	if err != nil || len(limit) != 1 || n < 1 || n > 172800 {
		return 0, invalid("Parameter executionTimeout must be one number of seconds from 1 to 172800")
	}
	return time.Duration(n) * time.Second, nil
}

// cancelCommand ends what has not ended; hosts that are done stay as they are.
func cancelCommand(x *request, in *ssm.CancelCommandInput) (*ssm.CancelCommandOutput, error) {
	c, err := x.st.region(x.Region).SSM.command(in.CommandId)
	if err != nil {
		return nil, err
	}
	for _, id := range in.InstanceIds {
		if c.Invocations[id] == nil {
			return nil, invalidInstanceID(id)
		}
	}
	for id, v := range c.Invocations {
		open := v.Status == ssmtypes.CommandInvocationStatusPending || v.Status == ssmtypes.CommandInvocationStatusInProgress
		if open && (len(in.InstanceIds) == 0 || slices.Contains(in.InstanceIds, id)) {
			v.Status, v.Details, v.Ended = ssmtypes.CommandInvocationStatusCancelled, "Cancelled", x.now
		}
	}
	return &ssm.CancelCommandOutput{}, nil
}
