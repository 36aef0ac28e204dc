package actions

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
)

// attributeState is an instance attribute that is on or off.
type attributeState struct {
	Enabled bool `json:"enabled"`
}

// attributePermissions are the IAM actions of every action on one instance attribute.
func attributePermissions() []string {
	return []string{"ec2:DescribeInstanceAttribute", "ec2:DescribeInstances", "ec2:ModifyInstanceAttribute"}
}

// readAttribute reads an instance and one of its attributes side by side.
func readAttribute(
	ctx context.Context, env *action.Env, id string, name ec2types.InstanceAttributeName,
) (i ec2types.Instance, out *ec2.DescribeInstanceAttributeOutput, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		i, err = describeInstance(ctx, env, id)
		return err
	})
	g.Go(func() (err error) {
		out, err = env.EC2.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{InstanceId: &id, Attribute: name})
		if err != nil {
			return instanceError("read "+string(name)+" of", id, err)
		}
		return nil
	})
	return i, out, g.Wait()
}

// modifyAttribute changes one attribute: EC2 takes one a call.
func modifyAttribute(ctx context.Context, env *action.Env, in *ec2.ModifyInstanceAttributeInput) error {
	if _, err := env.EC2.ModifyInstanceAttribute(ctx, in); err != nil {
		return instanceError("modify", *in.InstanceId, err)
	}
	return nil
}

// boolValue wraps an attribute's value as EC2 takes it.
func boolValue(v bool) *ec2types.AttributeBooleanValue {
	return &ec2types.AttributeBooleanValue{Value: &v}
}

// isOn reads an attribute's value as EC2 gives it.
func isOn(v *ec2types.AttributeBooleanValue) bool { return v != nil && v.Value != nil && *v.Value }
