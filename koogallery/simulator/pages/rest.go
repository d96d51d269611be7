// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
)

const (
	defaultList = 200
	maxList     = 2000
	maxForm     = 4 << 10
)

// limitOf reads the parameter limit.
func limitOf(r *http.Request) int {
	n, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || n < 1 {
		return defaultList
	}
	return min(n, maxList)
}

func (s *Pages) getOrders(w http.ResponseWriter, r *http.Request) {
	answerJSON(w, http.StatusOK, map[string]any{"orders": s.market.Orders(limitOf(r)), "shelf": s.market.Shelf()})
}

func (s *Pages) getOrder(w http.ResponseWriter, r *http.Request) {
	o, err := s.market.Order(r.PathValue("id"))
	if err != nil {
		writeProblem(w, err)
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{"order": o, "calls": s.market.Calls(o.ID)})
}

func (s *Pages) getCalls(w http.ResponseWriter, r *http.Request) {
	answerJSON(w, http.StatusOK, map[string]any{"calls": s.market.RecentCalls(r.URL.Query().Get("order"), limitOf(r))})
}

func (s *Pages) getRequests(w http.ResponseWriter, r *http.Request) {
	answerJSON(w, http.StatusOK, map[string]any{"requests": s.market.Requests(limitOf(r))})
}

func (s *Pages) getUsage(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("instance")
	answer := map[string]any{"records": s.market.UsageRecords(id, limitOf(r)), "packages": s.market.PackageUses()}
	if id != "" {
		answer["totals"] = s.market.Billed(id)
	}
	answerJSON(w, http.StatusOK, answer)
}

func (s *Pages) getBills(w http.ResponseWriter, r *http.Request) {
	answerJSON(w, http.StatusOK, map[string]any{"bills": s.market.Bills(r.URL.Query().Get("instance"), limitOf(r))})
}

// postOrders places an order and opens it in the background: retries can take
// hours.
func (s *Pages) postOrders(w http.ResponseWriter, r *http.Request) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		answerJSON(w, http.StatusUnsupportedMediaType, map[string]string{"error": "want application/json"})
		return
	}
	var body struct {
		Kind   string `json:"kind"`
		Family string `json:"family"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm)).Decode(&body); err != nil {
		answerJSON(w, http.StatusBadRequest, map[string]string{"error": `want {"kind":"period"}`})
		return
	}
	o, _, err := s.start(body.Family, body.Kind)
	if err != nil {
		writeProblem(w, err)
		return
	}
	answerJSON(w, http.StatusAccepted, map[string]any{"order": o})
}

// start places an order and opens it in the background, or notifies of it. An
// authorisation code is there at once.
func (s *Pages) start(familyName, kindName string) (market.Order, <-chan struct{}, error) {
	family := judge.FamilySaasV2
	var err error
	if familyName != "" {
		if family, err = judge.ParseFamily(familyName); err != nil {
			return market.Order{}, nil, err
		}
	}
	kind, err := catalogue.ParseKind(kindName)
	if err != nil {
		return market.Order{}, nil, err
	}
	o, err := s.market.PlaceIn(family, kind)
	if err != nil {
		return market.Order{}, nil, err
	}
	done, err := s.background(func(ctx context.Context) {
		var err error
		switch family {
		case judge.FamilyLicenseCode:
		case judge.FamilyOrderNotify:
			_, err = s.market.Notify(ctx, o.ID)
		case judge.FamilySaasV2, judge.FamilySaasV1, judge.FamilyLicenseV1, judge.FamilyLicenseOnline, judge.FamilyKitV1, judge.FamilyKitV2:
			_, err = s.market.Open(ctx, o.ID)
		}
		if err != nil {
			s.cfg.Log.WarnContext(ctx, "order not opened", "order", o.ID, "err", err)
		}
	})
	return o, done, err
}

// writeProblem answers with an error of the market.
func writeProblem(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, catalogue.ErrKind), errors.Is(err, judge.ErrFamily):
		status = http.StatusBadRequest
	case errors.Is(err, market.ErrOrder):
		status = http.StatusNotFound
	case errors.Is(err, market.ErrOrderState), errors.Is(err, market.ErrRestart):
		status = http.StatusConflict
	case errors.Is(err, market.ErrFull), errors.Is(err, ErrClosed):
		status = http.StatusServiceUnavailable
	}
	answerJSON(w, status, map[string]string{"error": err.Error()})
}

// answerJSON answers with a JSON document.
func answerJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
