package actions

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// instanceRequest asks for an action on an instance that has no settings.
type instanceRequest struct{ action.On }

// describeInstance reads one instance. *action.Gone: there is none of that id, or it is being terminated.
func describeInstance(ctx context.Context, env *action.Env, id string) (ec2types.Instance, error) {
	out, err := env.EC2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	if err != nil {
		return ec2types.Instance{}, instanceError("describe", id, err)
	}
	for _, r := range out.Reservations {
		for _, i := range r.Instances {
			if aws.ToString(i.InstanceId) == id && !terminated(i) {
				return i, nil
			}
		}
	}
	return ec2types.Instance{}, gone(id)
}

// instanceError wraps the error of a call about one instance; an instance that does not exist becomes *action.Gone.
func instanceError(verb, id string, err error) error {
	if noInstance(err) {
		return gone(id)
	}
	return fmt.Errorf("%s instance %s: %w", verb, id, err)
}

func noInstance(err error) bool {
	return cloud.Is(err, "InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed")
}

func gone(id string) error { return &action.Gone{What: "instance " + id} }

// terminated says whether an instance is beyond containing: it has stopped for ever, or is about to.
func terminated(i ec2types.Instance) bool {
	if i.State == nil {
		return false
	}
	return i.State.Name == ec2types.InstanceStateNameTerminated || i.State.Name == ec2types.InstanceStateNameShuttingDown
}

func running(i ec2types.Instance) bool {
	return i.State != nil && i.State.Name == ec2types.InstanceStateNameRunning
}

func isSpot(i ec2types.Instance) bool {
	return i.InstanceLifecycle == ec2types.InstanceLifecycleTypeSpot
}

// profileARN is the ARN of the instance's profile, "" for none.
func profileARN(i ec2types.Instance) string {
	if i.IamInstanceProfile == nil {
		return ""
	}
	return aws.ToString(i.IamInstanceProfile.Arn)
}

// lastSegment is what follows the last "/": the name in an IAM ARN with a path.
func lastSegment(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// volumesOf lists the instance's attached EBS volumes as device name by volume id.
func volumesOf(i ec2types.Instance) map[string]string {
	out := map[string]string{}
	for _, m := range i.BlockDeviceMappings {
		if m.Ebs != nil && m.Ebs.VolumeId != nil {
			out[*m.Ebs.VolumeId] = aws.ToString(m.DeviceName)
		}
	}
	return out
}

// filter is one EC2 filter.
func filter(name string, values ...string) ec2types.Filter {
	return ec2types.Filter{Name: aws.String(name), Values: values}
}
