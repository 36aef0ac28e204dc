package awssim

import (
	"time"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

// scalingState is a Region's Auto Scaling.
type scalingState struct {
	Groups  map[string]*scalingGroup                // by name
	Configs map[string]*astypes.LaunchConfiguration // by name
}

// scalingGroup is one Auto Scaling group.
type scalingGroup struct {
	Name, ARN         string
	Min, Max, Desired int32
	Subnets           []string
	Zones             []string
	Config            string   // launch configuration
	TargetGroups      []string // ARNs
	Classic           []string // load balancer names
	HealthCheck       string   // EC2 or ELB
	Grace             int32    // seconds after joining in which a member's health is not looked at
	Cooldown          int32
	ProtectNew        bool
	Suspended         []string
	Tags              map[string]scalingTag
	Members           map[string]*member // by instance id
	Created           time.Time
}

// scalingTag is a group's tag and whether new members get it.
type scalingTag struct {
	Value     string
	Propagate bool
}

// member is one instance of a group.
type member struct {
	Instance  string
	State     astypes.LifecycleState
	Protected bool
	Config    string    // launch configuration that it came from; "" when attached
	Marked    bool      // SetInstanceHealth said Unhealthy
	Joined    time.Time // when it came into service
	Sick      time.Time // since when it has been unhealthy; zero while healthy
	Until     time.Time // when Detaching ends
}

func newScaling() scalingState {
	return scalingState{Groups: map[string]*scalingGroup{}, Configs: map[string]*astypes.LaunchConfiguration{}}
}
