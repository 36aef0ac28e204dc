package actions

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
)

// shutdownState is what a shutdown from inside does to the instance: "stop" or "terminate".
type shutdownState struct {
	Behavior string `json:"behavior"`
}

func setShutdownBehavior() action.Action {
	return action.New(action.Spec[instanceRequest, shutdownState]{
		ID:      "ec2.set-shutdown-behavior",
		Summary: "Makes a shutdown from inside the host stop the instance, not terminate it.",
		Details: "Termination protection does not cover a shutdown from inside: an intruder on a host that is set to " +
			"terminate could delete it, with its volumes. Neither Spot instances nor instances whose root device is an " +
			"instance store have the setting. Release sets it to what it was.",
		Permissions: attributePermissions(),
		Observe:     observeShutdown,
		Expect: func(instanceRequest, shutdownState) shutdownState {
			return shutdownState{Behavior: string(ec2types.ShutdownBehaviorStop)}
		},
		Do: func(ctx context.Context, env *action.Env, t instanceRequest, _ shutdownState) error {
			return modifyAttribute(ctx, env, shutdownInput(t, string(ec2types.ShutdownBehaviorStop)))
		},
		Undo: func(ctx context.Context, env *action.Env, t instanceRequest, prior shutdownState) error {
			return modifyAttribute(ctx, env, shutdownInput(t, prior.Behavior))
		},
	})
}

func observeShutdown(ctx context.Context, env *action.Env, t instanceRequest, _ *shutdownState) (shutdownState, error) {
	i, out, err := readAttribute(ctx, env, t.Target.ID, ec2types.InstanceAttributeNameInstanceInitiatedShutdownBehavior)
	switch {
	case err != nil:
		return shutdownState{}, err
	case isSpot(i):
		return shutdownState{}, action.Skipf("%s is a Spot instance: its shutdown behavior cannot be changed", t.Target.ID)
	case i.RootDeviceType == ec2types.DeviceTypeInstanceStore:
		return shutdownState{}, action.Skipf("%s has an instance store as its root device: a shutdown always terminates it", t.Target.ID)
	case out.InstanceInitiatedShutdownBehavior == nil:
		return shutdownState{Behavior: string(ec2types.ShutdownBehaviorStop)}, nil // EC2's default
	}
	return shutdownState{Behavior: aws.ToString(out.InstanceInitiatedShutdownBehavior.Value)}, nil
}

func shutdownInput(t instanceRequest, behavior string) *ec2.ModifyInstanceAttributeInput {
	return &ec2.ModifyInstanceAttributeInput{
		InstanceId:                        &t.Target.ID,
		InstanceInitiatedShutdownBehavior: &ec2types.AttributeValue{Value: &behavior},
	}
}
